/** One line of iCalendar. Name and names of parameters in lower case; the value as it stands there. */
export interface Property {
  name: string;
  params: Readonly<Record<string, string>>;
  value: string;
}

export interface Component {
  /** In lower case. */
  name: string;
  properties: Property[];
  components: Component[];
}

/** The calendar holds something that is not understood. Nothing of it may be used then. */
export class FeedError extends Error {
  constructor(message: string) {
    // What stands in a calendar may be anybody's, and the message is shown on terminals.
    super(message.replace(/[^ -~]/g, '?'));
    this.name = 'FeedError';
  }
}

/**
 * The calendars of a text as RFC 5545 (3.1) writes them, in lines that may be folded. Any end of line is taken, and lines
 * of nothing; whatever else is no iCalendar is an error, and so is a text that was cut off. @throws FeedError
 */
export function parseIcs(text: string): Component[] {
  const root: Component = { name: '', properties: [], components: [] };
  const open = [root];
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length; ) {
    const number = index + 1;
    const folded = [lines[index++]!];
    while (/^[ \t]/.test(lines[index] ?? '')) folded.push(lines[index++]!.slice(1));
    const line = folded.join('');
    if (line.trim() !== '' && !take(line, open)) throw new FeedError(`it is no calendar: line ${number}`);
  }
  if (open.length > 1) throw new FeedError('it is no calendar: it ends in the middle');
  if (root.components.length === 0) throw new FeedError('it is no calendar: it is empty');
  return root.components;
}

/** Adds what a line says to the innermost of the components that are `open`; false when it may not stand there. */
function take(line: string, open: Component[]): boolean {
  const property = readLine(line);
  if (!property) return false;
  const inner = open.at(-1)!;
  const word = property.value.trim().toLowerCase();
  if (property.name === 'begin') {
    if (open.length === 1 && word !== 'vcalendar') return false;
    const component: Component = { name: word, properties: [], components: [] };
    inner.components.push(component);
    open.push(component);
    return true;
  }
  if (open.length === 1) return false;
  if (property.name === 'end') return open.pop()!.name === word;
  inner.properties.push(property);
  return true;
}

/** `NAME;PARAM=value;PARAM="quoted":value`; null for anything else. */
function readLine(line: string): Property | null {
  const name = /^[\w-]+/.exec(line)?.[0];
  if (name === undefined) return null;
  const params: Record<string, string> = Object.create(null);
  let at = name.length;
  while (line[at] === ';') {
    PARAM.lastIndex = at;
    const [all, key, value] = PARAM.exec(line) ?? [];
    if (all === undefined) return null;
    params[key!.toLowerCase()] = value!.replace(/^"(.*)"$/, '$1');
    at += all.length;
  }
  return line[at] === ':' ? { name: name.toLowerCase(), params, value: line.slice(at + 1) } : null;
}

/** A colon or a semicolon within quotes belongs to the value. */
const PARAM = /;([\w-]+)=((?:"[^"]*"|[^";:])*)/y;
