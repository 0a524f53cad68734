/** Whether names of methods, fields and parameters are made of this byte (RFC 9110 section 5.6.2). */
export function isTokenByte(byte: number): boolean {
  return tokenBytes[byte] === 1;
}

/** Whether field values and quoted strings are: a tab, or anything from the blank up that is not DEL (section 5.5). */
export function isFieldByte(byte: number): boolean {
  return byte === 9 || (byte >= 32 && byte !== 127);
}

const tokenBytes = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenBytes[character.charCodeAt(0)] = 1;
}
