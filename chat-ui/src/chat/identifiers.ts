/** A random id of 128 bits. Not `crypto.randomUUID`: a page served over plain HTTP lacks it. */
export function createId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
