{{/* The names' first part. */}}
{{- define "faultline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/*
The name of everything. At most 50 characters: what is appended must stay within 63, and Kubernetes itself appends 11 to a
StatefulSet's name for a label.
*/}}
{{- define "faultline.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "faultline.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels of every object. */}}
{{- define "faultline.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: faultline
{{ include "faultline.selectorLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the pods of a release are known by, whatever they do. */}}
{{- define "faultline.selectorLabels" -}}
app.kubernetes.io/name: {{ include "faultline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The pods that receive: which part of the work they do. */}}
{{- define "faultline.receiving" -}}
{{- eq .Values.mode "scaled" | ternary "ingest" "all" -}}
{{- end -}}

{{/* The pod of `helm test` has another name, so that no Service sends it anything. */}}
{{- define "faultline.testLabels" -}}
app.kubernetes.io/name: {{ include "faultline.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "faultline.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "faultline.fullname" .) "default") -}}
{{- end -}}

{{- define "faultline.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The hosts of an Ingress or HTTPRoute as a JSON list: those given, else the host of publicUrl. Takes [root, hosts]. */}}
{{- define "faultline.hosts" -}}
{{- $root := index . 0 -}}
{{- $hosts := index . 1 -}}
{{- if not $hosts -}}
{{- $hosts = list (regexReplaceAll ":[0-9]+$" (urlParse ($root.Values.publicUrl | default "https://unset.invalid")).host "") -}}
{{- end -}}
{{- toJson $hosts -}}
{{- end -}}
