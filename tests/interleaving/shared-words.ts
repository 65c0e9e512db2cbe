/** Which words are known to be shared; it is kept while an exploration begins anew. */
export interface SharedWords {
  readonly visible: Uint8Array;
  readonly users: Uint8Array;
  readonly writers: Uint8Array;
}

export function sharedWords(): SharedWords {
  const words = 65_536 / 4;
  return {
    visible: new Uint8Array(words),
    users: new Uint8Array(words),
    writers: new Uint8Array(words),
  };
}
