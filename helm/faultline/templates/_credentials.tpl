{{/*
Every credential that these values call for, as a JSON object by environment variable: where in the values it stands, the
Secret and key it is in, and its file. Secret is empty when nobody says where it is.
*/}}
{{- define "faultline.credentials" -}}
{{- $v := .Values -}}
{{- $wanted := dict -}}
{{- if $v.twilio.accountSid -}}
{{- $_ := set $wanted "TWILIO_AUTH_TOKEN" (list "twilio.authToken" $v.twilio.authToken "twilio-auth-token") -}}
{{- end -}}
{{- if $v.twilio.apiKey -}}
{{- $_ := set $wanted "TWILIO_API_SECRET" (list "twilio.apiSecret" $v.twilio.apiSecret "twilio-api-secret") -}}
{{- end -}}
{{- $_ := set $wanted "ADMIN_TOKEN" (list "adminToken" $v.adminToken "admin-token") -}}
{{- $_ := set $wanted "FAULTLINE_SECRET" (list "sealingSecret" $v.sealingSecret "faultline-secret") -}}
{{- if eq $v.mode "scaled" -}}
{{- $_ := set $wanted "DATABASE_URL" (list "database.url" $v.database.url "database-url") -}}
{{- end -}}
{{- if $v.redis.enabled -}}
{{- $_ := set $wanted "REDIS_URL" (list "redis.url" $v.redis.url "redis-url") -}}
{{- if $v.redis.sentinel.auth -}}
{{- $_ := set $wanted "REDIS_SENTINEL_PASSWORD" (list "redis.sentinel.password" $v.redis.sentinel.password "redis-sentinel-password") -}}
{{- end -}}
{{- end -}}
{{- if and $v.slack.enabled $v.slack.channel -}}
{{- $_ := set $wanted "SLACK_BOT_TOKEN" (list "slack.botToken" $v.slack.botToken "slack-bot-token") -}}
{{- else if $v.slack.enabled -}}
{{- $_ := set $wanted "SLACK_WEBHOOK_URL" (list "slack.webhookUrl" $v.slack.webhookUrl "slack-webhook-url") -}}
{{- end -}}
{{- if $v.pagerduty.enabled -}}
{{- $_ := set $wanted "PAGERDUTY_ROUTING_KEY" (list "pagerduty.routingKey" $v.pagerduty.routingKey "pagerduty-routing-key") -}}
{{- end -}}
{{- if and $v.alertmanager.enabled (not $v.alertmanager.urls) -}}
{{- $_ := set $wanted "ALERTMANAGER_URL" (list "alertmanager.url" $v.alertmanager.url "alertmanager-url") -}}
{{- end -}}
{{- if $v.webhook.enabled -}}
{{- $_ := set $wanted "WEBHOOK_URL" (list "webhook.url" $v.webhook.url "webhook-url") -}}
{{- if $v.webhook.signed -}}
{{- $_ := set $wanted "WEBHOOK_SECRET" (list "webhook.secret" $v.webhook.secret "webhook-secret") -}}
{{- end -}}
{{- end -}}
{{- $found := dict -}}
{{- range $env, $entry := $wanted -}}
{{- $at := index $entry 0 -}}
{{- $given := index $entry 1 -}}
{{- $file := index $entry 2 -}}
{{- $own := ne $given.value "" -}}
{{- $secret := $own | ternary (printf "%s-credentials" (include "faultline.fullname" $)) ($given.existingSecret | default $v.existingSecret) -}}
{{- $_ := set $found $env (dict "at" $at "file" $file "own" $own "secret" $secret "key" ($own | ternary $file $given.key) "value" $given.value "existingSecret" $given.existingSecret) -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/* Where the files of credentials are. */}}
{{- define "faultline.secretsDir" -}}/etc/faultline/secrets{{- end -}}

{{/*
The volume with all credentials and certificate authorities, mode 0444. Readable to every user of the container: only Faultline runs in
it, and the owner would depend on fsGroup, which some clusters assign themselves.
*/}}
{{- define "faultline.secretsVolume" -}}
- name: secrets
  projected:
    defaultMode: 292
    sources:
      {{- range $env, $it := include "faultline.credentials" . | fromJson }}
      - secret:
          name: {{ $it.secret | quote }}
          items:
            - key: {{ $it.key | quote }}
              path: {{ $it.file }}
      {{- end }}
      {{- if and (eq .Values.mode "scaled") .Values.database.ca.existingSecret }}
      - secret:
          name: {{ .Values.database.ca.existingSecret | quote }}
          items:
            - key: {{ .Values.database.ca.key | quote }}
              path: database-ca.pem
      {{- end }}
      {{- if and .Values.redis.enabled .Values.redis.ca.existingSecret }}
      - secret:
          name: {{ .Values.redis.ca.existingSecret | quote }}
          items:
            - key: {{ .Values.redis.ca.key | quote }}
              path: redis-ca.pem
      {{- end }}
{{- range .Values.extraSecrets }}
- name: extra-{{ .name | replace "." "-" | trunc 57 }}
  secret:
    secretName: {{ .name | quote }}
    defaultMode: 292
    {{- with .items }}
    items:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- end -}}
