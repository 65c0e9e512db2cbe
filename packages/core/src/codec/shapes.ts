/** Objects with more keys than this are written as dictionaries. */
const MOST_KEYS = 64;
/** A writer learns this many lists of keys, their beginnings included, and no more. */
const MOST_NODES = 4096;

/**
 * The keys of an object up to one of them. An object's shape is found by walking from the root, a
 * node a key; objects of the same shape end at the same node.
 */
export class ShapeNode {
  readonly keys: readonly string[];
  /** The shape as it stands in a message, made when it is first needed. */
  words: Int32Array | undefined;
  /** The number of the shape in the message that is being written, if `message` is that one's. */
  index = 0;
  message = -1;

  /** The child that was last taken. */
  private key: string | undefined;
  private next: ShapeNode | undefined;
  private readonly others = new Map<string, ShapeNode>();
  private readonly tree: ShapeTree;

  constructor(tree: ShapeTree, keys: readonly string[]) {
    this.tree = tree;
    this.keys = keys;
  }

  /** The node of one key more, or `undefined` when the tree learns no more. */
  child(key: string): ShapeNode | undefined {
    return key === this.key ? this.next : this.otherChild(key);
  }

  private otherChild(key: string): ShapeNode | undefined {
    let node = this.others.get(key);
    if (node === undefined) {
      if (this.keys.length === MOST_KEYS || this.tree.nodes === MOST_NODES) return undefined;
      this.tree.nodes++;
      node = new ShapeNode(this.tree, [...this.keys, key]);
      this.others.set(key, node);
    }
    this.key = key;
    this.next = node;
    return node;
  }
}

/** All shapes that a writer has seen. */
export class ShapeTree {
  nodes = 0;
  readonly root: ShapeNode = new ShapeNode(this, []);
}
