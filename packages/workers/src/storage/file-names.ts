/** A name of a user's as a file name: safe everywhere, different for different names, and readable. */
export function fileNameOf(name: string): string {
  return encodeURIComponent(name).replace(/[.*!'()~]/g, escaped);
}

/** The name that a file name stands for; `undefined` for one that we never gave. */
export function nameOfFile(file: string): string | undefined {
  try {
    const name = decodeURIComponent(file);
    return fileNameOf(name) === file ? name : undefined;
  } catch {
    return undefined;
  }
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
