{{/* Runners: the configuration of a model's, and what must go together. All take (list $ NAME MODEL). */}}

{{- define "kvern.runnerName" -}}
{{- include "kvern.fullname" (index . 0) }}-runner-{{ index . 1 -}}
{{- end -}}

{{- define "kvern.runnerSelector" -}}
{{ include "kvern.selector" (list (index . 0) "runner") }}
kvern.dev/model: {{ index . 1 | quote }}
{{- end -}}

{{- define "kvern.runnerConfig" -}}
{{- $name := index . 1 -}}{{- $model := index . 2 -}}
{{- $section := dict "path" (printf "/models/%s" $name) "name" ($model.servedName | default $name) "device" $model.device -}}
{{- if eq $model.device "cpu" -}}
{{- /* PyTorch counts the machine's processors, not the container's. */ -}}
{{- $_ := set $section "threads" (include "kvern.processors" ($model.cpu.limit | default $model.cpu.request) | int) -}}
{{- end -}}
{{- $own := dict "cluster_id" (include "kvern.clusterId" (index . 0)) "listen" (dict "host" "0.0.0.0" "grpc_port" 7420) "coordinator" (include "kvern.members" (index . 0)) "model" $section
    "shutdown" (dict "grace_millis" (mul $model.graceSeconds 1000)) -}}
{{- include "kvern.config" (list (index . 0) $own $model.config) -}}
{{- end -}}

{{- define "kvern.checkRunners" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}{{- $model := index . 2 -}}
{{- $where := printf "models.%s" $name -}}
{{- $full := include "kvern.fullname" $root -}}
{{- /* -runner- and what controllers add to it, 17 characters. */ -}}
{{- if gt (add (len $full) (len $name)) 38 -}}
{{- fail (printf "%s: with '%s' %d characters (expected: at most 38)" $where $full (add (len $full) (len $name))) -}}
{{- end -}}
{{- include "kvern.reserved" (list $model.config (printf "%s.config" $where) (dict
    "id" "it is the pod's name" "advertise_host" "it is the pod's address" "coordinator" "it is the chart's own" "cluster_id" "it is the release's"
    "listen.grpc_port" "it is always 7420" "model.path" "it is where the volume is" "model.name" "set servedName" "model.device" "set device"
    "tier.nodes" "coordinators name them" "shutdown.grace_millis" "set graceSeconds" "telemetry" "set telemetry")) -}}
{{- if and (eq $model.device "cuda") (lt ($model.gpus | int64) 1) -}}
{{- fail (printf "%s.gpus: %v (expected: 1 with device cuda)" $where $model.gpus) -}}
{{- end -}}
{{- if and $model.volume.image (semverCompare "<1.33.0-0" $root.Capabilities.KubeVersion.Version) -}}
{{- fail (printf "%s.volume.image: an image as a volume on Kubernetes %s (expected: 1.35 or newer, or 1.33 with the feature gate ImageVolume on)" $where $root.Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if and (eq ($model.rollout.maxSurge | int64) 0) (eq ($model.rollout.maxUnavailable | int64) 0) -}}
{{- fail (printf "%s.rollout.maxUnavailable: 0 (expected: at least 1 with maxSurge 0)" $where) -}}
{{- end -}}
{{- if and $model.autoscaling.enabled (lt ($model.autoscaling.maxReplicas | int64) ($model.autoscaling.minReplicas | int64)) -}}
{{- fail (printf "%s.autoscaling.maxReplicas: %v (expected: at least minReplicas, %v)" $where $model.autoscaling.maxReplicas $model.autoscaling.minReplicas) -}}
{{- end -}}
{{- $pool := dig "kv" "pool_bytes" 0 $model.config | int64 -}}
{{- $pool = eq $model.device "cpu" | ternary ($pool | default 268435456) 0 -}}
{{- $host := dig "host" "bytes" -1 $model.config | int64 -}}
{{- if lt $host 0 -}}
{{- $host = eq $model.device "cuda" | ternary 4294967296 0 -}}
{{- end -}}
{{- $known := add (include "kvern.bytes" $model.heap) (include "kvern.bytes" $model.direct) $pool $host -}}
{{- if lt (include "kvern.bytes" $model.memory | int64) $known -}}
{{- fail (printf "%s.memory: %s (expected: more than %d MiB, which heap, direct, kv.pool_bytes and host.bytes take beside the weights)" $where $model.memory (div $known 1048576)) -}}
{{- end -}}
{{- end -}}
