{{/* Environment of a container: settings that are no secret, and the files of those that are. */}}
{{- define "faultline.env" -}}
{{- $v := .Values -}}
- name: PUBLIC_URL
  value: {{ $v.publicUrl | quote }}
- name: HOST
  value: {{ $v.settings.bindAddress | quote }}
- name: PORT
  value: "8080"
# Probes and Prometheus come from other hosts; all but health asks for ADMIN_TOKEN.
- name: ADMIN_HOST
  value: {{ $v.settings.bindAddress | quote }}
- name: ADMIN_PORT
  value: "9464"
- name: DATA_DIR
  value: /data
{{- with $v.twilio.accountSid }}
- name: TWILIO_ACCOUNT_SID
  value: {{ . | quote }}
{{- end }}
{{- with $v.twilio.apiKey }}
- name: TWILIO_API_KEY
  value: {{ . | quote }}
{{- end }}
- name: TWILIO_REQUESTS_PER_SECOND
  value: {{ $v.twilio.requestsPerSecond | int | quote }}
{{- range $env, $it := include "faultline.credentials" . | fromJson }}
- name: {{ $env }}_FILE
  value: {{ include "faultline.secretsDir" $ }}/{{ $it.file }}
{{- end }}
{{- if and (eq $v.mode "scaled") $v.database.ca.existingSecret }}
- name: DATABASE_CA_FILE
  value: {{ include "faultline.secretsDir" . }}/database-ca.pem
{{- end }}
{{- if $v.redis.enabled }}
{{- if $v.redis.ca.existingSecret }}
- name: REDIS_CA_FILE
  value: {{ include "faultline.secretsDir" . }}/redis-ca.pem
{{- end }}
{{- with $v.redis.sentinel.nodes }}
- name: REDIS_SENTINELS
  value: {{ join "," . | quote }}
- name: REDIS_SENTINEL_MASTER
  value: {{ $v.redis.sentinel.master | quote }}
{{- end }}
{{- with $v.redis.cluster.nodes }}
- name: REDIS_CLUSTER_NODES
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- if and $v.slack.enabled $v.slack.channel }}
- name: SLACK_CHANNEL
  value: {{ $v.slack.channel | quote }}
{{- end }}
{{- if and $v.alertmanager.enabled $v.alertmanager.urls }}
- name: ALERTMANAGER_URL
  value: {{ join "," $v.alertmanager.urls | quote }}
{{- end }}
{{- range $env, $url := dict "INCIDENT_URL" $v.links.incident "RUNBOOK_URL" $v.links.runbook "GRAFANA_URL" $v.links.grafana }}
{{- if $url }}
- name: {{ $env }}
  value: {{ $url | quote }}
{{- end }}
{{- end }}
{{- if $v.config }}
- name: FAULTLINE_CONFIG
  value: /etc/faultline/config/faultline.yaml
{{- end }}
- name: LOG_LEVEL
  value: {{ $v.settings.logLevel }}
- name: INCIDENT_QUIET_PERIOD
  value: {{ $v.settings.incidentQuietPeriod | quote }}
- name: RETENTION_DAYS
  value: {{ $v.settings.retentionDays | int | quote }}
- name: DIAGNOSES_PER_HOUR
  value: {{ $v.settings.diagnosesPerHour | int | quote }}
- name: BODY_LIMIT
  value: {{ $v.settings.bodyLimit | quote }}
- name: REQUEST_TIMEOUT
  value: {{ $v.settings.requestTimeout | quote }}
- name: MAX_CONNECTIONS
  value: {{ $v.settings.maxConnections | int | quote }}
- name: SHUTDOWN_TIMEOUT
  value: "{{ $v.settings.shutdownTimeoutSeconds | int }}s"
{{- with $v.tracing.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: {{ $v.tracing.protocol | quote }}
- name: POD_NAME
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name={{ $.Release.Namespace }},k8s.pod.name=$(POD_NAME)
{{- end }}
{{- with $v.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The pod template. Takes [root, role]; the role is `all`, `ingest` or `worker`. */}}
{{- define "faultline.podTemplate" -}}
{{- $root := index . 0 -}}
{{- $role := index . 1 -}}
{{- $v := $root.Values -}}
{{- $resources := (index $v (eq $role "all" | ternary "embedded" $role)).resources -}}
{{- $receives := ne $role "worker" -}}
{{- $keeps := and (eq $role "all") $v.embedded.persistence.enabled -}}
metadata:
  labels:
    {{- include "faultline.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $role }}
    {{- with $v.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: faultline
    # Another configuration makes other pods: Faultline reads it once, at its start.
    checksum/config: {{ toJson $v.config | sha256sum }}
    checksum/credentials: {{ include "faultline.credentials" $root | sha256sum }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "faultline.serviceAccountName" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # What stops must first be left alone by proxies, then finish what it accepted.
  terminationGracePeriodSeconds: {{ add (int $v.settings.preStopSeconds) (int $v.settings.shutdownTimeoutSeconds) 10 }}
  {{- with $v.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with $v.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: faultline
      image: {{ include "faultline.image" $root | quote }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      command: [node, --initial-old-space-size=192, src/main.ts]
      args: [serve, --role, {{ $role }}]
      {{- with $v.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        {{- if $receives }}
        - name: public
          containerPort: 8080
        {{- end }}
        - name: private
          containerPort: 9464
      env:
        {{- include "faultline.env" $root | nindent 8 }}
      {{- with $v.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      startupProbe:
        httpGet: { path: /livez, port: private }
        {{- toYaml $v.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: { path: /livez, port: private }
        {{- toYaml $v.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: { path: /readyz, port: private }
        {{- toYaml $v.probes.readiness | nindent 8 }}
      {{- if and $receives $v.settings.preStopSeconds }}
      lifecycle:
        preStop:
          # Proxies learn late that a pod ends. Until they know it keeps receiving: Debugger webhooks come only once.
          sleep: { seconds: {{ $v.settings.preStopSeconds | int }} }
      {{- end }}
      {{- with $resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        - name: secrets
          mountPath: {{ include "faultline.secretsDir" $root }}
          readOnly: true
        {{- if $v.config }}
        - name: config
          mountPath: /etc/faultline/config
          readOnly: true
        {{- end }}
        {{- if eq $role "all" }}
        - name: data
          mountPath: /data
        {{- end }}
        {{- range $v.extraSecrets }}
        - name: extra-{{ .name | replace "." "-" | trunc 57 }}
          mountPath: /etc/faultline/extra/{{ .name }}
          readOnly: true
        {{- end }}
        {{- with $v.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- include "faultline.secretsVolume" $root | nindent 4 }}
    {{- if $v.config }}
    - name: config
      configMap:
        name: {{ include "faultline.fullname" $root }}
    {{- end }}
    {{- if and $keeps $v.embedded.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ $v.embedded.persistence.existingClaim | quote }}
    {{- else if and (eq $role "all") (not $keeps) }}
    - name: data
      emptyDir: {}
    {{- end }}
    {{- with $v.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if and $v.topologySpread.enabled (ne $role "all") }}
  topologySpreadConstraints:
    {{- range $v.topologySpread.topologyKeys }}
    - maxSkew: 1
      topologyKey: {{ . | quote }}
      whenUnsatisfiable: {{ $v.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "faultline.selectorLabels" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $role }}
      # Old pods of a rolling update do not count.
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- with $v.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
