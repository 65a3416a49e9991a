import type { CodeBook } from "../core/rules/advice.ts";
import { type AnyEndpoint, endpoint, found } from "./endpoint.ts";
import { CodePath, NoParameters } from "./parameters.ts";

/** `/api/v1/codes/{code}` and `/api/v1/rules`. */
export function codeEndpoints(codes: CodeBook): AnyEndpoint[] {
  const code = endpoint({
    path: "/api/v1/codes/{code}",
    summary: "What is known of an error code, its causes and remedies",
    params: CodePath,
    query: NoParameters,
    response: "Code",
    answer: async (params) => found(codes.codeView(params.code)),
  });

  const rules = endpoint({
    path: "/api/v1/rules",
    summary: "The rules in force, in the order in which they are tried",
    params: NoParameters,
    query: NoParameters,
    response: "RuleList",
    answer: async () => found({ rules: codes.ruleList() }),
  });

  return [code, rules];
}
