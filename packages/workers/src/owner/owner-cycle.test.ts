import { Topic, type TopicOptions } from '@lite-streams/core';
import { Bell, KERNEL } from '@lite-streams/core/internal';
import { beforeEach, describe, expect, test } from 'vitest';
import { engineConfig, topicOptions } from '../engine-config.ts';
import type { OwnerBoot } from '../protocol/boot.ts';
import { Control } from '../protocol/control.ts';
import { OwnerCycle } from './owner-cycle.ts';

const config = engineConfig({ shards: 4, slots: 64, shardBytes: 16_384 }, {});
const OTHER_THREAD = 9;

let control: Control;
let bell: Bell;
let nowMs: number;
let poisoned: string[];
let stopped: string[];
let repaired: number[];

beforeEach(() => {
  control = Control.create();
  bell = Bell.create();
  nowMs = 1_000;
  poisoned = [];
  stopped = [];
  repaired = [];
});

function makeTopic(name: string, own: Partial<TopicOptions> = {}): Topic {
  const topic = Topic.create(name, topicOptions(config, own), { thread: 1, bell });
  topic.owner = control;
  return topic;
}

function makeOwner(topics: Topic[], more: Partial<OwnerBoot> = {}): OwnerCycle {
  const boot: OwnerBoot = {
    control: control.buffer,
    bell: bell.buffer,
    config,
    thread: 2,
    index: 0,
    topics: topics.map(topic => topic.descriptor()),
    exited: [],
    ...more,
  };
  return new OwnerCycle(boot, () => nowMs, {
    stopped: (topic, shard) => stopped.push(`${topic}/${shard}`),
    poisoned: (topic, shard) => poisoned.push(`${topic}/${shard}`),
    repaired: thread => repaired.push(thread),
  });
}

function onOtherThread(topic: Topic): Topic {
  const other = Topic.attach(topic.descriptor(), { thread: OTHER_THREAD, bell });
  other.owner = control;
  return other;
}

function sealed(topic: Topic): number {
  return topic.shards.filter(shard => shard.state() === KERNEL.STATE_SEALED).length;
}

function openProducers(topic: Topic): number {
  return topic.stats().reduce((sum, shard) => sum + shard.openProducers, 0);
}

describe('an owner', () => {
  test('rests long when nothing waits for it', () => {
    expect(makeOwner([makeTopic('a')]).step()).toBeGreaterThanOrEqual(100);
  });

  test('looks often enough to retain by age', () => {
    expect(makeOwner([makeTopic('a', { retentionMs: 160 })]).step()).toBe(10);
  });

  test('appends the end of a topic, called by whoever ended it', () => {
    const topic = makeTopic('a');
    const owner = makeOwner([topic]);
    const before = control.calls();
    topic.end();
    expect(control.calls()).not.toBe(before);
    expect(sealed(topic)).toBe(0);
    owner.step();
    expect(sealed(topic)).toBe(4);
  });

  test('looks again soon while the end of a topic has no room', () => {
    const topic = makeTopic('a', { shards: 1 });
    topic.createGroup('slow');
    while (topic.tryAppend({ value: 'x' }) >= 0);
    const owner = makeOwner([topic]);
    topic.end();
    expect(owner.step()).toBeLessThan(10);
    expect(sealed(topic)).toBe(0);
    topic.deleteGroup('slow');
    owner.step();
    expect(sealed(topic)).toBe(1);
    expect(owner.step()).toBeGreaterThanOrEqual(100);
  });

  test('shares the shards of every topic with the other owners', () => {
    const two = { ...config, owners: 2 };
    const topic = makeTopic('a');
    const first = makeOwner([topic], { config: two, index: 0 });
    const second = makeOwner([topic], { config: two, index: 1, thread: 3 });
    topic.end();
    first.step();
    expect(sealed(topic)).toBe(2);
    second.step();
    expect(sealed(topic)).toBe(4);
  });

  test('looks after topics that are made later', () => {
    const owner = makeOwner([]);
    const topic = makeTopic('later');
    owner.add(topic.descriptor());
    topic.end();
    owner.step();
    expect(sealed(topic)).toBe(4);
  });

  test('leaves a shard alone that is poisoned, and says so once', () => {
    const topic = makeTopic('a');
    const owner = makeOwner([topic]);
    topic.shards[1].setState(KERNEL.STATE_POISONED);
    topic.shards[1].i32[0] = 0;
    owner.step();
    owner.step();
    expect(poisoned).toEqual(['a/1']);
    topic.shards[0].setState(KERNEL.STATE_ENDED);
    owner.step();
    expect(sealed(topic)).toBe(1);
  });
});

describe('a thread has exited', () => {
  test('and its producers are ended', () => {
    const topic = makeTopic('a');
    const owner = makeOwner([topic]);
    onOtherThread(topic).producer();
    const mine = topic.producer();
    expect(openProducers(topic)).toBe(8);
    owner.threadExited(OTHER_THREAD);
    expect(openProducers(topic)).toBe(4);
    mine.sendSync({ value: 'still open' });
    mine.closeSync();
  });

  test('and its members leave their groups; what they had not committed is read again', () => {
    const topic = makeTopic('a');
    for (let i = 0; i < 20; i++) topic.append({ key: String(i), value: String(i) });
    const other = onOtherThread(topic).consume({ group: 'team' });
    let read = 0;
    for (let batch = other.poll(); batch !== undefined; batch = other.poll()) read += batch.length;
    expect(read).toBe(20);
    const left = topic.lag('team');
    makeOwner([topic]).threadExited(OTHER_THREAD);
    expect(topic.groups()[0].members).toEqual([]);
    const mine = topic.consume({ group: 'team' });
    let again = 0;
    for (let batch = mine.poll(); batch !== undefined; batch = mine.poll()) again += batch.length;
    expect(again).toBe(left);
  });

  test('at the directory of a topic, before another one: neither waits for the other', () => {
    const topic = makeTopic('a');
    const owner = makeOwner([topic]);
    onOtherThread(topic).consume({ group: 'team' });
    const directory = new Int32Array(topic.directory.buffer);
    const lockedBy = (thread: number) => {
      directory[1] = thread;
    };
    const dead = 11;
    lockedBy(dead);
    owner.threadExited(OTHER_THREAD);
    expect(repaired).toEqual([]);
    expect(owner.step()).toBeLessThan(10);
    owner.threadExited(dead);
    owner.step();
    expect(repaired.sort()).toEqual([dead, OTHER_THREAD]);
    expect(topic.groups()[0].members).toEqual([]);
  });

  test('with its owner: a successor is told and repairs both', () => {
    const topic = makeTopic('a');
    onOtherThread(topic).producer();
    makeOwner([topic]);
    const successor = makeOwner([topic], { thread: 4, exited: [OTHER_THREAD, 2] });
    expect(openProducers(topic)).toBe(0);
    expect(repaired).toEqual([OTHER_THREAD, 2]);
    topic.end();
    successor.step();
    expect(sealed(topic)).toBe(4);
  });
});
