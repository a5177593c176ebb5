/** JSONata's syntax errors in our words, each with the place that it is about. */

interface SyntaxError {
  code?: string;
  /** Mostly the offset after the token. */
  position?: number;
  token?: unknown;
  value?: unknown;
  message: string;
}

/** Offset and words of a syntax error, in a sentence that goes on after "this is not JSONata:". */
export function explainSyntaxError(expression: string, error: SyntaxError): { position: number; message: string } {
  const { code = "", token, value, message } = error;
  const end = error.position ?? expression.length;
  const shown = String(token);
  const length = token !== undefined && expression.slice(end - shown.length, end) === shown ? shown.length : 0;
  const position = Math.max(0, end - length);
  const hint = habitHint(expression, position);
  switch (code) {
    case "S0101":
      return { position: openQuote(expression), message: "this text has no closing quote" };
    case "S0105":
      return { position: openQuote(expression), message: "this name has no closing backquote" };
    case "S0201":
      return { position, message: `"${shown}" cannot stand here${hint}` };
    case "S0202":
      return { position, message: `${JSON.stringify(value)} is expected here, not "${shown}"` };
    case "S0203":
      return { position: end, message: `${JSON.stringify(value)} is missing at the end` };
    case "S0204":
      return {
        position: Math.max(0, end - shown.length),
        message: `there is no operator "${shown}"${habitHint(expression, Math.max(0, end - shown.length))}`,
      };
    case "S0207":
      return { position: end, message: expression.trim() === "" ? "it is empty" : "it ends where a value is expected" };
    case "S0210":
      return { position: Math.max(0, end - 1), message: "a step can have one grouping { } only" };
    case "S0211":
      return { position, message: `"${shown}" cannot stand here, where a value is expected${hint}` };
    case "S0213": {
      const literal = String(value);
      return {
        position: Math.max(0, end - literal.length),
        message: `${literal} is a value, and nothing can be read below it`,
      };
    }
    case "S0217":
      return { position: Math.max(0, expression.indexOf("%")), message: "% has no parent here" };
    default:
      return { position, message: message.charAt(0).toLowerCase() + message.slice(1) };
  }
}

/** Signs that other languages have. */
function habitHint(expression: string, position: number): string {
  const around = expression.slice(Math.max(0, position - 1), position + 2);
  if (around.includes("==")) return ": JSONata compares with one =";
  if (around.includes("&&")) return ": JSONata says and";
  if (around.includes("||")) return ": JSONata says or";
  return expression[position] === "!" ? ": JSONata says $not(…)" : "";
}

/** The offset of the quote that is still open at the end. */
function openQuote(expression: string): number {
  let open = -1;
  let sign = "";
  for (let at = 0; at < expression.length; at++) {
    const character = expression[at]!;
    if (sign === "") {
      if (/["'`]/.test(character)) [open, sign] = [at, character];
    } else if (character === "\\" && sign !== "`") at++;
    else if (character === sign) sign = "";
  }
  return Math.max(0, open);
}
