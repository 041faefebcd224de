{{/* Names and labels. */}}

{{- define "kvern.name" -}}
{{- default .Chart.Name .Values.nameOverride -}}
{{- end -}}

{{- /* Controllers add up to 17 characters to make their pods' names, which are ids of members and must fit into 63. */ -}}
{{- define "kvern.fullname" -}}
{{- $name := include "kvern.name" . -}}
{{- $full := .Values.fullnameOverride | default (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $full) -}}
{{- fail (printf "fullnameOverride: names begin with '%s' (expected: a letter first, then lower-case letters, digits and -, as Services have it)" $full) -}}
{{- end -}}
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
app.kubernetes.io/name: {{ include "kvern.name" (index . 0) | quote }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 | quote }}
{{- end -}}

{{- define "kvern.labels" -}}
{{- $root := index . 0 -}}
{{ include "kvern.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service | quote }}
app.kubernetes.io/part-of: "kvern"
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | quote }}
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

{{- /* A text of at most so many characters, which ends with a digest where it had more: (list TEXT MOST). */ -}}
{{- define "kvern.short" -}}
{{- $text := index . 0 -}}{{- $most := index . 1 | int -}}
{{- if gt (len $text) $most -}}
{{- printf "%s-%s" (trunc (sub $most 7 | int) $text | trimSuffix "-") (sha256sum $text | trunc 6) -}}
{{- else -}}
{{- $text -}}
{{- end -}}
{{- end -}}

{{- /* It is the value of a label. */ -}}
{{- define "kvern.job" -}}
{{- .Values.monitoring.job | default (include "kvern.short" (list (printf "kvern-%s-%s" .Release.Namespace .Release.Name) 63)) -}}
{{- end -}}

{{- /* Members of one release are none of another's, should they meet at an address that was given away anew. */ -}}
{{- define "kvern.clusterId" -}}
{{ .Release.Namespace }}/{{ .Release.Name }}
{{- end -}}

{{- /* The members' way to all coordinators. */ -}}
{{- define "kvern.members" -}}
{{ include "kvern.fullname" . }}-coordinator-members:7400
{{- end -}}
