import type { EngineJob, JobHome } from './engine-job.ts';

/**
 * Says, once for each time that it happens, that a job cannot go on because a group holds back one
 * of its outputs that nobody reads. A wait for the job would otherwise be silent for ever.
 */
export class HeldOutput {
  private readonly job: EngineJob;
  private readonly home: JobHome;
  private out = -1;
  private sinceMs = 0;
  private said = false;

  constructor(job: EngineJob, home: JobHome) {
    this.job = job;
    this.home = home;
  }

  /** To be called now and then while somebody waits for the job. */
  look(): void {
    const { out, tasks } = this.job.stats();
    const nowMs = performance.now();
    if (out !== this.out || !tasks.some(({ suspended }) => suspended)) {
      this.out = out;
      this.sinceMs = nowMs;
      this.said = false;
    } else if (!this.said && nowMs - this.sinceMs >= this.home.idleWarnMs) {
      this.said = true;
      this.home.warn(this.job.name, this.describe());
    }
  }

  private describe(): string {
    const held = this.job.outputs.flatMap(name => {
      const topic = this.home.topic(name);
      return topic.groups().map(({ name: group, lag }) => ({ topic: name, group, lag }));
    });
    const most = held.reduce((a, b) => (b.lag > a.lag ? b : a), held[0]);
    const because =
      most === undefined
        ? 'no group holds it back: a producer may have died before its claim was repaired'
        : `the group "${most.group}" of the topic "${most.topic}" has ${most.lag} records left to read`;
    return `The pipeline "${this.job.name}" has been waiting for room for its output: ${because}.`;
  }
}
