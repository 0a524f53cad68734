import { Lexer } from 'yaml';
import type { SyntaxFault } from './document-text.ts';
import { maxDepth } from './plain-value.ts';

/** Leading spaces of a line; bounds how deep block collections nest from line to line. */
const maxIndent = 200;

/** Tokens of one document: about 20,000 lines, and half a second to a few of parsing. */
const maxTokens = 200_000;

/**
 * Refuses a text that the yaml library should not see; `null` when it may.
 *
 * The library composes recursively and builds a regular expression from the indentation it is in: 100,000 brackets raise
 * no exception there, they end the process with "RegExpCompiler Allocation failed". Its lexer is a loop and safe.
 *
 * Depth is counted in brackets and in block indicators on one line (`- - - -`) or between the commas of a flow collection, each a
 * bound of what can nest there.
 */
export function yamlBoundsFault(text: string, maxDocuments: number): SyntaxFault | null {
  let line = 1;
  let brackets = 0;
  let indicators = 0;
  let tokens = 0;
  let documents = 1;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets++;
    else if (token === ']' || token === '}') brackets = Math.max(0, brackets - 1);
    else if (token === '-' || token === '?' || token === ':') indicators++;
    else if (token === ',' && brackets > 0)
      indicators = 0; // a flow collection goes on, beside what stood before
    else if (token === '---') {
      // the mark before the first document begins none
      documents += tokens > 1 ? 1 : 0;
      tokens = 0;
    }
    const isIndentedTooFar = token.length > maxIndent && /^ +$/.test(token);
    if (brackets > maxDepth || indicators > maxDepth || isIndentedTooFar) {
      return fault(`a document has at most ${maxDepth} levels`, line);
    }
    if (++tokens > maxTokens) return fault('this document is too long', line);
    if (documents > maxDocuments) return fault(`a text has at most ${maxDocuments} documents`, line);
    if (token.includes('\n')) {
      for (const character of token) if (character === '\n') line++;
      indicators = 0;
    }
  }
  return null;
}

function fault(message: string, line: number): SyntaxFault {
  return { message, position: { line, column: 1 } };
}
