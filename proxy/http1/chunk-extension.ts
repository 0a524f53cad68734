import { isFieldByte, isTokenByte } from '../message/field-bytes.ts';

/** Where in a chunk's extensions a reader stands; the next byte decides (`nextInExtension`). */
export type ExtensionState = 'name-start' | 'name' | 'value-start' | 'value' | 'quoted' | 'quoted-pair' | 'quoted-end';

/**
 * What follows `code` in `*( ";" name [ "=" ( token / quoted-string ) ] )` (RFC 9112 section 7.1.1): the next state, `end` for
 * the carriage return behind a whole extension, null for a byte that cannot stand there.
 *
 * Blanks around `;` and `=` are refused: the grammar knows them only as bad whitespace that nobody should send, and
 * node:http answers them with 400, so a body that we let through would end at the next hop.
 */
export function nextInExtension(state: ExtensionState, code: number): ExtensionState | 'end' | null {
  switch (state) {
    case 'name-start':
      return isTokenByte(code) ? 'name' : null;
    case 'name':
      if (code === EQUALS) return 'value-start';
      return isTokenByte(code) ? 'name' : behindOne(code);
    case 'value-start':
      if (code === QUOTE) return 'quoted';
      return isTokenByte(code) ? 'value' : null;
    case 'value':
      return isTokenByte(code) ? 'value' : behindOne(code);
    case 'quoted':
      if (code === QUOTE) return 'quoted-end';
      if (code === BACKSLASH) return 'quoted-pair';
      return isFieldByte(code) ? 'quoted' : null;
    case 'quoted-pair':
      return isFieldByte(code) ? 'quoted' : null;
    case 'quoted-end':
      return behindOne(code);
  }
}

const QUOTE = 34;
const SEMICOLON = 59;
const EQUALS = 61;
const BACKSLASH = 92;

function behindOne(code: number): ExtensionState | 'end' | null {
  if (code === SEMICOLON) return 'name-start';
  return code === 13 ? 'end' : null;
}
