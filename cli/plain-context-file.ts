/** What a value may look like to be a text and nothing else in YAML: no space, no quote, no number, none of its words. */
const entry = /^(currentContext: |(?: {2})?- |(?: {2}){1,2})(?:([A-Za-z]+): )?([A-Za-z/][\w./:@~+-]*)$/;
const isWord = /^(?:null|true|false)$|:$/i;

/**
 * Reads the file of contexts in the one form in which a control plane writes it; null for every other, which may be YAML
 * all the same.
 *
 * Every command and every sidecar reads this file, and the parser of YAML costs 30 ms and 4 MB that stay.
 */
export function readPlainContextFile(text: string): unknown {
  const contexts: Record<string, string>[] = [];
  let currentContext: string | undefined;
  let indent: number | null = null;
  let isInList = false;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line === 'contexts:') {
      if (isInList || contexts.length > 0) return null;
      isInList = true;
      continue;
    }
    const [, start = '', key, value = ''] = entry.exec(line) ?? [];
    if (value === '' || isWord.test(value)) return null;
    if (start === 'currentContext: ') {
      if (currentContext !== undefined || key !== undefined) return null;
      currentContext = value;
      isInList = false;
      continue;
    }
    if (!isInList || key === undefined) return null;
    if (start.endsWith('- ')) {
      if (indent !== null && indent !== start.length) return null;
      indent = start.length;
      contexts.push({});
    } else if (start.length !== indent) return null;
    const context = contexts.at(-1);
    if (context === undefined || Object.hasOwn(context, key)) return null;
    context[key] = value;
  }
  return currentContext === undefined || contexts.length === 0 ? null : { currentContext, contexts };
}
