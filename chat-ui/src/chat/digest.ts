import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** The hex SHA-256 of a text's UTF-8 bytes. Not `crypto.subtle`: a page over plain HTTP lacks it. */
export function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
