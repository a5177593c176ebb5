/**
 * Templates: Handlebars expressions (no blocks, no partials), read by Handlebars' parser and interpreted by us.
 * A value that is undefined is an error, never an empty text.
 */
export { checkTemplate, type TemplateProblem, type TemplateSurroundings } from "./check.ts";
export { compileTemplate, type CompiledTemplate, type RenderMode } from "./compile.ts";
export { TemplateError } from "./expression.ts";
export { helperNames } from "./helpers.ts";
export { compileTree, renderTree, type CompiledTree } from "./render-tree.ts";
export { DROPPED, type Scope } from "./scope.ts";
export { compileSql, type CompiledSql, type Predicate, predicates, type SqlPart } from "./sql.ts";
export { sqlRules, type SqlRules } from "./sql-rules.ts";
export { evaluate } from "./evaluate.ts";
