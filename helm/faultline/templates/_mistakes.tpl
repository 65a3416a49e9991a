{{/* What the schema cannot say, a line for each mistake: where, expected, got, and the fix. */}}
{{- define "faultline.mistakes" -}}
{{- $v := .Values -}}
{{- if not $v.publicUrl }}
publicUrl: expected the URL that Twilio calls, got nothing. Fix: e.g. --set publicUrl=https://faultline.example.com
{{- else if regexMatch "/twilio/(debugger|events|alarms)/*$" $v.publicUrl }}
publicUrl: expected the URL without Faultline's own path, got one that ends in it. Fix: leave /twilio/… out, it is added for you
{{- end }}
{{- if not (or $v.twilio.accountSid $v.config.accounts) }}
twilio.accountSid: expected the account whose deliveries are taken, got nothing. Fix: --set twilio.accountSid=AC…, or name accounts under config.accounts
{{- end }}
{{- range $env, $it := include "faultline.credentials" . | fromJson }}
{{- if and $it.own $it.existingSecret }}
{{ $it.at }}: expected value or existingSecret, got both. Fix: remove one of the two
{{- else if not $it.secret }}
{{ $it.at }}: expected a Secret to take it from, got none. Fix: set existingSecret to the name of a Secret with the key {{ $it.key }}, or {{ $it.at }}.existingSecret; to try things out, {{ $it.at }}.value
{{- end }}
{{- end }}
{{- if and (eq $v.mode "embedded") (or $v.database.url.value $v.database.url.existingSecret) }}
database.url: expected nothing with mode: embedded, which has a database of its own, got one. Fix: --set mode=scaled, or leave database.url out
{{- end }}
{{- if and $v.redis.sentinel.nodes $v.redis.cluster.nodes }}
redis: expected sentinel.nodes or cluster.nodes, got both. Fix: remove one of the two
{{- end }}
{{- if and (or $v.redis.sentinel.nodes $v.redis.cluster.nodes) (not $v.redis.enabled) }}
redis.enabled: expected true with sentinel.nodes or cluster.nodes, got false. Fix: --set redis.enabled=true
{{- end }}
{{- if and (eq $v.mode "scaled") $v.worker.autoscaling.enabled (eq $v.worker.autoscaling.kind "keda") (not $v.worker.autoscaling.keda.serverAddress) }}
worker.autoscaling.keda.serverAddress: expected where Prometheus answers, got nothing. Fix: e.g. http://prometheus-operated.monitoring:9090, or worker.autoscaling.kind: hpa
{{- end }}
{{- range $name := list "ingest" "worker" }}
{{- $scaling := (index $v $name).autoscaling }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
{{ $name }}.autoscaling: expected minReplicas up to maxReplicas, got {{ $scaling.minReplicas }} and {{ $scaling.maxReplicas }}. Fix: raise maxReplicas
{{- end }}
{{- end }}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) }}
httpRoute.parentRefs: expected at least one Gateway, got none. Fix: e.g. [{ name: public, namespace: gateways }]
{{- end }}
{{- range $v.extraEnv }}
{{- if and .value (regexMatch "^(TWILIO_AUTH_TOKEN|TWILIO_API_SECRET|ADMIN_TOKEN|FAULTLINE_SECRET|DATABASE_URL|REDIS_URL|REDIS_SENTINEL_PASSWORD|SLACK_BOT_TOKEN|SLACK_WEBHOOK_URL|PAGERDUTY_ROUTING_KEY|WEBHOOK_URL|WEBHOOK_SECRET|OTEL_EXPORTER_OTLP_(TRACES_)?HEADERS)$" .name) }}
extraEnv: expected {{ .name }} from a Secret, got it in the open. Fix: use the value made for it, or valueFrom.secretKeyRef
{{- end }}
{{- end }}
{{- end -}}
