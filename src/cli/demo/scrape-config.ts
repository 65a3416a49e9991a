/**
 * A whole prometheus.yml for one Faultline on this machine: it scrapes `host` (`127.0.0.1:9464`) and evaluates the rule
 * files. The intervals are short, so that there is something to see within seconds. JSON strings are YAML strings.
 */
export function scrapeConfig(host: string, ruleFiles: readonly string[]): string {
  return `global:
  scrape_interval: 5s
  evaluation_interval: 5s
rule_files:${ruleFiles.length === 0 ? " []" : ruleFiles.map((file) => `\n  - ${JSON.stringify(file)}`).join("")}
scrape_configs:
  - job_name: faultline
    static_configs:
      - targets: [${JSON.stringify(host)}]
`;
}
