import { loadPipeline } from "/work/main/src/spec/load.ts";
import { loadProject } from "/work/main/src/spec/project.ts";
import { compileMapping, rowObject } from "/work/main/src/runtime/mapping/index.ts";
import { compile } from "/work/main/src/jsonata/index.ts";
import { SpecDocument } from "/work/main/src/spec/document.ts";
import { parse } from "yaml";
import { readFileSync } from "node:fs";
const project = loadProject("/work/main", { variables: { values: { HUBSPOT_API_TOKEN: "x" }, secrets: new Set() } });
let bad = 0, n = 0;
for (const f of process.argv.slice(2)) {
  const { pipeline, problems } = loadPipeline(f, project);
  if (!pipeline) { console.log(problems); bad++; continue; }
  const doc = parse(readFileSync(f, "utf8"), { intAsBigInt: true });
  for (const [i, t] of (pipeline.spec.tests ?? []).entries()) {
    const raw = doc.tests[i];
    const m = compileMapping(pipeline.spec, { validation: t.validation, skipValidation: false, params: {} });
    const filter = pipeline.spec.source.filter && compile(pipeline.spec.source.filter);
    const rows: any[] = [], rejects: any[] = [], warnings = new Set<string>();
    for (const r of t.records) {
      const p = await m.prepare(r);
      if (filter && (await m.evaluate(filter, p)) !== true) continue;
      const out = await m.map(p);
      for (const w of out.warnings) warnings.add(w.field || w.rule);
      if (out.failures.length) rejects.push(...out.failures); else rows.push(rowObject(m.columns, out.row));
    }
    n++;
    const norm = (v: any) => v === null || v === undefined ? null : typeof v === "string" && /^\d{4}-\d\d-\d\dT/.test(v) ? new Date(v).toISOString() : String(v);
    const fail = (s: string) => { bad++; console.log(`FAIL ${f} ${t.name}: ${s}`); };
    if (raw.rows) { if (raw.rows.length !== rows.length) fail(`rows ${rows.length}, ${JSON.stringify(rejects)}`);
      raw.rows.forEach((e: any, k: number) => { for (const [c, v] of Object.entries(e)) if (norm(v) !== norm(rows[k]?.[c])) fail(`${c}: ${String(v)} / ${String(rows[k]?.[c])}`); }); }
    if (t.warnings && JSON.stringify([...t.warnings].sort()) !== JSON.stringify([...warnings].sort())) fail(`warnings ${[...warnings]}`);
    if (!t.warnings && warnings.size) console.log("note", t.name, [...warnings]);
    if (t.rejects) { if (t.rejects.length !== rejects.length) fail(`rejects ${JSON.stringify(rejects)}`); t.rejects.forEach((e: any, k: number) => { for (const [c, v] of Object.entries(e)) if (v !== rejects[k]?.[c]) fail(`${c}: ${v} / ${rejects[k]?.[c]}`); }); }
    else if (rejects.length) fail(`rejects ${JSON.stringify(rejects)}`);
  }
}
console.log(n, "tests", bad, "bad");
