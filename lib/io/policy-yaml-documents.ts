import { Composer, type Document, Lexer, type LineCounter, Parser } from 'yaml';

/** The library calls itself for every level, and would end with the stack. */
const DEEPEST = 64;

/** Signs, words and the space between them. A text of the largest size has so many only where it is not one of a person. */
const MOST_WORDS = 100_000;

export class TooMuch extends Error {
  readonly offset: number;
  readonly hint: string;
  constructor(offset: number, message: string, hint: string) {
    super(message);
    this.name = 'TooMuch';
    this.offset = offset;
    this.hint = hint;
  }
}

/** A text's first two documents, as a second one is wrong already; `lines` learns where lines begin. @throws TooMuch */
export function readDocuments(text: string, lines: LineCounter): Document.Parsed[] {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    // The library compares every key with every other one; readNodes looks for doubles in linear time.
    uniqueKeys: false,
  });
  const traced = Error.stackTraceLimit;
  // The library makes an error of each of a hundred thousand commas, and nobody looks at where it was made.
  Error.stackTraceLimit = 0;
  try {
    const documents: Document.Parsed[] = [];
    for (const document of composer.compose(tokensOf(text, lines)))
      if (documents.push(document as Document.Parsed) === 2) break;
    return documents;
  } finally {
    Error.stackTraceLimit = traced;
  }
}

const LEVELS = 'a policy needs no more than some ten levels; was a bracket left open?';
const WORDS = `at most ${MOST_WORDS} words and signs are read, comments and empty lines too`;

/** As the library's own `parse`, looking at the depth after every word. */
function* tokensOf(text: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let words = 0;
  for (const word of new Lexer().lex(text)) {
    yield* parser.next(word);
    words += 1;
    const offset = parser.offset - word.length;
    if (parser.stack.length > DEEPEST) throw new TooMuch(offset, 'the policy nests too deeply', LEVELS);
    if (words > MOST_WORDS) throw new TooMuch(offset, 'the policy holds too much', WORDS);
  }
  yield* parser.end();
}
