/**
 * Rewrites the kernel's text for the explorer: every access to the shard becomes a call of an import,
 * and before it the values that the function still needs are reported, so that two threads that stand
 * at the same place with the same values are known to be in the same state, however they got there.
 */

/** A list of a WebAssembly text, or one word of it. */
type Node = string | Node[];

interface FunctionText {
  readonly node: Node[];
  readonly name: string;
  readonly signature: Node[];
  /** Names and types of parameters and locals. */
  readonly types: ReadonlyMap<string, string>;
  readonly body: Node[];
}

/** The instrumented instructions: name of the import, WebAssembly signature. */
const ACCESSES: Readonly<Record<string, string>> = {
  'i32.atomic.load': '(param i32) (result i32)',
  'i64.atomic.load': '(param i32) (result i64)',
  'i32.atomic.store': '(param i32 i32)',
  'i64.atomic.store': '(param i32 i64)',
  'i32.atomic.rmw.add': '(param i32 i32) (result i32)',
  'i32.atomic.rmw.cmpxchg': '(param i32 i32 i32) (result i32)',
  'i64.atomic.rmw.cmpxchg': '(param i32 i64 i64) (result i64)',
  'i32.load': '(param i32) (result i32)',
  'i64.load': '(param i32) (result i64)',
  'i32.store': '(param i32 i32)',
  'i64.store': '(param i32 i64)',
  // memory.copy between the shard and scratch memory: to, from, bytes
  copyIn: '(param i32 i32 i32)',
  copyOut: '(param i32 i32 i32)',
};

/** How many values a report can have; the rest are filled up with zeros. */
const REPORT_SIZES = [0, 2, 4, 8, 16];

export function instrument(source: string): string {
  const [module] = parse(source) as [Node[]];
  const functions = module.filter(isFunction).map(readFunction);
  const touching = functionsThatTouch(functions);
  const imports: Node[] = Object.entries(ACCESSES).map(
    ([name, signature]) =>
      parse(`(import "explorer" "${name}" (func $explorer:${name} ${signature}))`)[0],
  );
  for (const size of REPORT_SIZES) {
    const parameters = ' i32'.repeat(size + 1);
    imports.push(
      ...parse(`(import "explorer" "at${size}" (func $at${size} (param${parameters})))`),
    );
  }
  imports.push(...parse('(import "explorer" "enter" (func $enter))'));
  imports.push(...parse('(import "explorer" "leave" (func $leave))'));
  const results = new Map(functions.map(({ name, signature }) => [name, resultOf(signature)]));
  const sites = { count: 0 };
  const rewritten: Node[] = [];
  for (const node of module.slice(1)) {
    const one = functions.find(candidate => candidate.node === node);
    if (one === undefined || !touching.has(one.name)) rewritten.push(node);
    else rewritten.push(...new Rewriting(one, results, touching, sites).result());
  }
  return print(['module', ...imports, ...rewritten]);
}

function isFunction(node: Node): node is Node[] {
  return Array.isArray(node) && node[0] === 'func';
}

function readFunction(node: Node[], index: number): FunctionText {
  const named = typeof node[1] === 'string' && node[1].startsWith('$');
  const name = named ? (node[1] as string) : `$function${index}`;
  const signature: Node[] = [];
  const types = new Map<string, string>();
  let at = named ? 2 : 1;
  for (; at < node.length; at++) {
    const [head, ...rest] = node[at] as string[];
    if (head === 'export' || head === 'result') signature.push(node[at]);
    else if (head === 'param' || head === 'local') {
      if (head === 'param') signature.push(node[at]);
      types.set(rest[0], rest[1]);
    } else break;
  }
  return { node, name, signature, types, body: node.slice(at) };
}

/** Whether a node is an access to the shard itself; its name among `ACCESSES`. */
function accessOf(node: Node): string | undefined {
  if (typeof node === 'string') return undefined;
  const [head, first, second] = node;
  if (head === 'memory.copy') {
    return first === '$shard' ? 'copyIn' : second === '$shard' ? 'copyOut' : undefined;
  }
  if (first !== '$shard' || head === 'memory') return undefined;
  if (typeof head === 'string' && head in ACCESSES) return head;
  throw new Error(`the explorer knows no instruction ${print(node)}`);
}

function resultOf(signature: readonly Node[]): Node[] {
  return signature.filter(node => node[0] === 'result');
}

/** Names of the functions that access the shard, themselves or by a call. */
function functionsThatTouch(functions: readonly FunctionText[]): Set<string> {
  const touching = new Set<string>();
  const touches = (node: Node): boolean =>
    Array.isArray(node) &&
    (accessOf(node) !== undefined ||
      (node[0] === 'call' && touching.has(node[1] as string)) ||
      node.some(touches));
  for (let before = -1; touching.size !== before; ) {
    before = touching.size;
    for (const { name, body } of functions) if (body.some(touches)) touching.add(name);
  }
  return touching;
}

type Live = ReadonlySet<string>;
const NOTHING: Live = new Set();

/** One function: finds what is needed at each place, then rewrites it. */
class Rewriting {
  private readonly text: FunctionText;
  private readonly results: ReadonlyMap<string, Node[]>;
  private readonly touching: ReadonlySet<string>;
  private readonly sites: { count: number };
  /** What is needed from a place on: before an access, or after a call. */
  private readonly neededAt = new Map<Node, Live>();
  private readonly labels = new Map<string, Live>();

  constructor(
    text: FunctionText,
    results: ReadonlyMap<string, Node[]>,
    touching: ReadonlySet<string>,
    sites: { count: number },
  ) {
    this.text = text;
    this.results = results;
    this.touching = touching;
    this.sites = sites;
  }

  /** The function, and a wrapper under its name that says when it is entered and left. */
  result(): Node[] {
    const { name, signature, types, body } = this.text;
    this.sequence(body, NOTHING);
    const inner = `${name}:body`;
    const isExport = (node: Node) => node[0] === 'export';
    const locals = [...types].map(([local, type]) => ['local', local, type]);
    const parameters = signature.filter(node => node[0] === 'param') as string[][];
    const own = locals.filter(([, local]) => !parameters.some(([, other]) => other === local));
    const pass = parameters.map(([, local]) => ['local.get', local]);
    return [
      [
        'func',
        name,
        ...signature,
        ['call', '$enter'],
        ['call', inner, ...pass],
        ['call', '$leave'],
      ],
      [
        'func',
        inner,
        ...signature.filter(node => !isExport(node)),
        ...own,
        ...body.map(node => this.rewrite(node, true)),
      ],
    ];
  }

  /**
   * Rewrites a node. `fresh` says that nothing read earlier in this function still lies on the
   * operand stack, where no local has it.
   */
  private rewrite(node: Node, fresh: boolean): Node {
    if (typeof node === 'string') return node;
    const access = accessOf(node);
    const called = node[0] === 'call' && this.touching.has(node[1] as string);
    const operands = this.rewriteOperands(node, fresh);
    if (access === undefined && !called) return operands;
    const rest = operands.slice(access === 'copyIn' || access === 'copyOut' ? 3 : 2);
    const target = access === undefined ? (node[1] as string) : `$explorer:${access}`;
    const result =
      access === undefined ? this.results.get(target) : resultOf(parse(ACCESSES[access]));
    return ['block', ...(result ?? []), this.report(node, fresh), ['call', target, ...rest]];
  }

  private rewriteOperands(node: Node[], fresh: boolean): Node[] {
    const isSequence = ['block', 'loop', 'then', 'else'].includes(node[0] as string);
    let clear = fresh;
    return node.map((child, index) => {
      if (index === 0) return child;
      const rewritten = this.rewrite(child, clear);
      // The condition of an `if` is gone before its branches; statements leave nothing behind.
      if (!isSequence && node[0] !== 'if' && this.reads(child)) clear = false;
      return rewritten;
    });
  }

  private reads(node: Node): boolean {
    if (typeof node === 'string') return false;
    if (accessOf(node) !== undefined) return true;
    if (node[0] === 'call' && this.touching.has(node[1] as string)) return true;
    return node.some(child => this.reads(child));
  }

  /** Reports where this is, and every value that is needed from here on. */
  private report(node: Node, fresh: boolean): Node {
    const site = ++this.sites.count;
    const values: Node[] = [];
    for (const local of this.neededAt.get(node) ?? NOTHING) {
      const get = ['local.get', local];
      if (this.text.types.get(local) === 'i32') values.push(get);
      else {
        values.push(['i32.wrap_i64', get]);
        values.push(['i32.wrap_i64', ['i64.shr_u', get, ['i64.const', '32']]]);
      }
    }
    const size = REPORT_SIZES.find(most => most >= values.length);
    if (size === undefined) throw new Error(`${this.text.name} has too many locals`);
    while (values.length < size) values.push(['i32.const', '0']);
    return ['call', `$at${size}`, ['i32.const', String(fresh ? site : -site)], ...values];
  }

  /** Locals needed before a sequence of nodes, when `after` are needed behind it. */
  private sequence(nodes: readonly Node[], after: Live): Live {
    let live = after;
    for (let i = nodes.length - 1; i >= 0; i--) live = this.before(nodes[i], live);
    return live;
  }

  /** Locals needed before a node; notes it at accesses and calls. */
  private before(node: Node, after: Live): Live {
    if (typeof node === 'string') return after;
    const [head, name] = node as [string, string];
    const operands = node.slice(1).filter(child => Array.isArray(child));
    switch (head) {
      case 'local.get':
        return union(after, new Set([name]));
      case 'local.set':
      case 'local.tee':
        return this.sequence(operands, without(after, name));
      case 'block':
        this.labels.set(name, after);
        return this.sequence(operands, after);
      case 'loop':
        return this.loop(name, operands, after);
      case 'if':
        return this.branch(operands, after);
      case 'br':
        return this.sequence(operands, this.labels.get(name) ?? NOTHING);
      case 'br_if':
        return this.sequence(operands, union(after, this.labels.get(name) ?? NOTHING));
      case 'return':
      case 'unreachable':
        return this.sequence(operands, NOTHING);
    }
    if (head === 'call' && this.touching.has(name)) this.neededAt.set(node, after);
    const live = this.sequence(operands, after);
    if (accessOf(node) !== undefined) this.neededAt.set(node, live);
    return live;
  }

  private loop(name: string, body: readonly Node[], after: Live): Live {
    this.labels.set(name, NOTHING);
    for (;;) {
      const before = this.labels.get(name) ?? NOTHING;
      const live = this.sequence(body, after);
      if (live.isSubsetOf(before)) return live;
      this.labels.set(name, union(before, live));
    }
  }

  private branch(children: readonly Node[], after: Live): Live {
    const then = children.find(child => child[0] === 'then') as Node[];
    const otherwise = children.find(child => child[0] === 'else');
    const condition = children.filter(child => child !== then && child !== otherwise);
    const live = union(
      this.sequence(then.slice(1), after),
      otherwise === undefined ? after : this.sequence(otherwise.slice(1) as Node[], after),
    );
    return this.sequence(condition, live);
  }
}

function union(a: Live, b: Live): Live {
  return new Set([...a, ...b]);
}

function without(live: Live, name: string): Live {
  return new Set([...live].filter(other => other !== name));
}

function parse(source: string): Node[] {
  const tokens = source.replaceAll(/;;.*/g, '').match(/[()]|"[^"]*"|[^\s()"]+/g) ?? [];
  const stack: Node[][] = [[]];
  for (const token of tokens) {
    if (token === '(') stack.push([]);
    else if (token === ')') {
      const list = stack.pop() as Node[];
      (stack.at(-1) as Node[]).push(list);
    } else (stack.at(-1) as Node[]).push(token);
  }
  return stack[0];
}

function print(node: Node): string {
  return typeof node === 'string' ? node : `(${node.map(print).join(' ')})`;
}
