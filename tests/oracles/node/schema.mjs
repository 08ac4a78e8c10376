// node schema.mjs SCHEMA FILE…: holds JSON files to a JSON Schema. Ends with 1 where one doesn't fit.
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

const [schema, ...files] = process.argv.slice(2);
const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true });
const validate = ajv.compile(JSON.parse(readFileSync(schema, "utf8")));
for (const file of files) {
  if (!validate(JSON.parse(readFileSync(file, "utf8")))) {
    // Where and what rule; never what stands there.
    const errors = validate.errors.slice(0, 20).map((e) => `${e.instancePath}: ${e.schemaPath}`);
    console.error(errors.join("\n"));
    process.exit(1);
  }
}
console.log(`${files.length} valid`);
