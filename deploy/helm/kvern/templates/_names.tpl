{{/* Names and labels. */}}

{{- define "kvern.name" -}}
{{- default .Chart.Name .Values.nameOverride -}}
{{- end -}}

{{- /* Controllers add up to 17 characters to make their pods' names, which are ids of members and must fit into 63. */ -}}
{{- define "kvern.fullname" -}}
{{- $name := include "kvern.name" . -}}
{{- $full := .Values.fullnameOverride | default (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) -}}
{{- if gt (len $full) 26 -}}
{{- fail (printf "fullnameOverride: names begin with '%s' (expected: at most 26 characters)" $full) -}}
{{- end -}}
{{- $full -}}
{{- end -}}

{{- define "kvern.image" -}}
{{- $root := index . 0 -}}{{- $repository := index . 1 -}}{{- $digest := index . 2 -}}
{{- with $root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $repository -}}
{{- if $digest }}@{{ $digest }}{{ else }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- /* Of a component's pods: (list $ "node"). */ -}}
{{- define "kvern.selector" -}}
app.kubernetes.io/name: {{ include "kvern.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "kvern.labels" -}}
{{- $root := index . 0 -}}
{{ include "kvern.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/part-of: kvern
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* (list ACCOUNT DEFAULT) */ -}}
{{- define "kvern.serviceAccountName" -}}
{{- $account := index . 0 -}}
{{- if and (not $account.create) (not $account.name) -}}
{{- fail "serviceAccount.name: '' (expected: the name of an account, as serviceAccount.create is false)" -}}
{{- end -}}
{{- $account.name | default (index . 1) -}}
{{- end -}}

{{- define "kvern.job" -}}
{{- .Values.monitoring.job | default (printf "kvern-%s-%s" .Release.Namespace .Release.Name) -}}
{{- end -}}

{{- /* The members' way to all coordinators. */ -}}
{{- define "kvern.members" -}}
{{ include "kvern.fullname" . }}-coordinator-members:7400
{{- end -}}
