{{/* Coordinators: their configuration, and what must go together. */}}

{{- define "kvern.coordinatorConfig" -}}
{{- $coordinator := .Values.coordinator -}}
{{- /* Members learn of a new pod's address up to 6 s apart, as that is for how long name servers remember. */ -}}
{{- $own := dict "cluster_id" (include "kvern.clusterId" .) "listen" (dict "host" "0.0.0.0" "grpc_port" 7400 "http_port" 7480)
    "membership" (dict "settle_millis" 15000 "quiet_millis" 6000)
    "shutdown" (dict "delay_millis" (mul $coordinator.delaySeconds 1000) "grace_millis" (mul $coordinator.graceSeconds 1000)) -}}
{{- if or $coordinator.apiKeys.existingSecret $coordinator.apiKeys.entries -}}
{{- $_ := set $own "api" (dict "keys_file" "/etc/kvern-secrets/api/keys") -}}
{{- end -}}
{{- if or $coordinator.dashboard.existingSecret $coordinator.dashboard.password -}}
{{- $_ := set $own "dashboard" (dict "password_file" "/etc/kvern-secrets/dashboard/password") -}}
{{- end -}}
{{- include "kvern.config" (list . $own $coordinator.config) -}}
{{- end -}}

{{- define "kvern.apiSecret" -}}
{{- if or .Values.coordinator.apiKeys.existingSecret .Values.coordinator.apiKeys.entries -}}
{{- .Values.coordinator.apiKeys.existingSecret | default (printf "%s-api-keys" (include "kvern.fullname" .)) -}}
{{- end -}}
{{- end -}}

{{- define "kvern.dashboardSecret" -}}
{{- if or .Values.coordinator.dashboard.existingSecret .Values.coordinator.dashboard.password -}}
{{- .Values.coordinator.dashboard.existingSecret | default (printf "%s-dashboard" (include "kvern.fullname" .)) -}}
{{- end -}}
{{- end -}}

{{- /* One more first, unless it would find no machine, where each must have its own. */ -}}
{{- define "kvern.coordinatorRollout" -}}
{{- $rollout := .Values.coordinator.rollout -}}
{{- $surge := eq .Values.coordinator.antiAffinity "required" | ternary 0 1 -}}
{{- if ne (toString $rollout.maxSurge) "" -}}{{- $surge = $rollout.maxSurge | int -}}{{- end -}}
{{- $missing := eq $surge 0 | ternary 1 0 -}}
{{- if ne (toString $rollout.maxUnavailable) "" -}}{{- $missing = $rollout.maxUnavailable | int -}}{{- end -}}
{{- if and (eq $surge 0) (eq $missing 0) -}}
{{- fail "coordinator.rollout.maxUnavailable: 0 (expected: at least 1 with maxSurge 0)" -}}
{{- end -}}
maxSurge: {{ $surge }}
maxUnavailable: {{ $missing }}
{{- end -}}

{{- define "kvern.checkCoordinators" -}}
{{- $coordinator := .Values.coordinator -}}
{{- include "kvern.reserved" (list $coordinator.config "coordinator.config" (dict "cluster_id" "it is the release's"
    "listen.grpc_port" "it is always 7400" "listen.http_port" "it is always 7480" "api.keys_file" "set coordinator.apiKeys"
    "dashboard.password_file" "set coordinator.dashboard" "shutdown.delay_millis" "set coordinator.delaySeconds"
    "shutdown.grace_millis" "set coordinator.graceSeconds" "telemetry" "set telemetry")) -}}
{{- if and $coordinator.apiKeys.existingSecret $coordinator.apiKeys.entries -}}
{{- fail "coordinator.apiKeys.entries: given beside existingSecret (expected: one of the two)" -}}
{{- end -}}
{{- if and $coordinator.dashboard.existingSecret $coordinator.dashboard.password -}}
{{- fail "coordinator.dashboard.password: given beside existingSecret (expected: one of the two)" -}}
{{- end -}}
{{- $pdb := $coordinator.podDisruptionBudget -}}
{{- if and $pdb.enabled (gt ($coordinator.replicas | int64) 1) (ge ($pdb.maxUnavailable | int64) ($coordinator.replicas | int64)) -}}
{{- fail (printf "coordinator.podDisruptionBudget.maxUnavailable: %v (expected: fewer than coordinator.replicas, %v)" $pdb.maxUnavailable $coordinator.replicas) -}}
{{- end -}}
{{- end -}}
