/** Names of a new spec: columns from what the source calls its fields, tables from what the spec is called. */

/** Columns that the sink keeps in every table. */
const kept = new Set(["sync_created_at", "sync_updated_at", "sync_run_id", "deleted_at"]);
/** What both warehouses take without cutting it, bytes. */
const maxName = 60;

/** `firstName`, `First Name` and `First-Name` are `first_name`; a name of no letters at all is `column`. */
export function columnName(field: string): string {
  const words = field
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replaceAll("ß", "ss")
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1_$2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, maxName);
  if (words === "") return "column";
  return /^\d/.test(words) ? `column_${words}` : words;
}

/** Gives each field a column of its own; a name that the sink keeps, or that is taken, gets a tail. */
export function columnNames(): (field: string) => string {
  const taken = new Set<string>(kept);
  return (field) => {
    const name = columnName(field);
    const first = kept.has(name) ? `source_${name}` : name;
    let free = first;
    for (let number = 2; taken.has(free); number++) free = `${first}_${number}`;
    taken.add(free);
    return free;
  };
}

/** Words that JSONata takes for operators and values. */
const words = new Set(["and", "or", "in", "true", "false", "null", "function"]);

/** A field as JSONata reaches it: `email`, `` `First Name` ``; undefined where no expression can name it. */
export function fieldPath(names: readonly string[]): string | undefined {
  const steps = names.map((name) => {
    if (/^[A-Za-z_]\w*$/.test(name) && !words.has(name)) return name;
    // Between backticks anything may stand but another; what does not show has no place in a file for people.
    return name === "" || /[`\p{Cc}\u2028\u2029]/u.test(name) ? undefined : `\`${name}\``;
  });
  return steps.includes(undefined) ? undefined : steps.join(".");
}

/** Singular and plural of an entity's name, itself first: `job_statuses`, `job_status`. */
export function likelyTables(entity: string): string[] {
  const forms = [entity];
  if (entity.endsWith("ies")) forms.push(entity.replace(/ies$/, "y"));
  if (/(s|x|z|ch|sh)es$/.test(entity)) forms.push(entity.replace(/es$/, ""));
  if (/[^s]s$/.test(entity)) forms.push(entity.replace(/s$/, ""));
  if (/[^aeiou]y$/.test(entity)) forms.push(entity.replace(/y$/, "ies"));
  forms.push(/(s|x|z|ch|sh)$/.test(entity) ? `${entity}es` : `${entity}s`);
  return [...new Set([...forms, ...forms.map((name) => name.replaceAll("_", ""))])];
}

/** `genius.prospects` goes into `genius_prospect`. */
export function targetTable(system: string, entity: string): string {
  const singular = likelyTables(entity).find(
    (name) => name.length < entity.length && name.includes("_") === entity.includes("_"),
  );
  return `${system}_${singular ?? entity}`;
}
