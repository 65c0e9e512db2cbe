// The part of the WebAssembly JavaScript interface that the sources use. TypeScript declares it for browsers only
// (lib "DOM", "WebWorker"), whose other globals have no place here.

declare namespace WebAssembly {
  interface MemoryDescriptor {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor);
    /** A SharedArrayBuffer where the descriptor says `shared`. */
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
    grow(pages: number): number;
  }

  class Module {
    constructor(
      bytes: ArrayBuffer | ArrayBufferView<ArrayBuffer>,
      options?: { readonly builtins?: readonly string[] },
    );
    private readonly brand;
  }

  class Table {
    readonly length: number;
    grow(entries: number): number;
    set(index: number, entry: unknown): void;
  }

  type ImportValue = Memory | ((...values: never[]) => unknown) | number | bigint;
  type ExportValue = Memory | Table | ((...values: never[]) => unknown);

  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, ImportValue>>);
    readonly exports: Readonly<Record<string, ExportValue>>;
  }

  function validate(bytes: ArrayBuffer | ArrayBufferView): boolean;
  function compile(bytes: ArrayBuffer | ArrayBufferView): Promise<Module>;
}
