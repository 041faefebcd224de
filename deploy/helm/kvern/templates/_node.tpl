{{/* Nodes: their configuration, memory, and what must go together. */}}

{{- /* The name of a zone's StatefulSet, at most 52 characters: the label of a pod's revision has 11 more. (list $ ZONE) */ -}}
{{- define "kvern.nodeSet" -}}
{{- include "kvern.fullname" (index . 0) -}}-node{{ with index . 1 }}-{{ include "kvern.short" (list . 20) }}{{ end -}}
{{- end -}}

{{- define "kvern.nodeConfig" -}}
{{- $node := .Values.node -}}
{{- /* Longer than the half minute for which name servers remember; and a node must get there before it counts as not started. */ -}}
{{- $alone := min 40000 (mul $node.startupSeconds 500) -}}
{{- $listen := dict "host" "0.0.0.0" "grpc_port" 7410 -}}
{{- $ignite := dict "discovery_port" 47500 "communication_port" 47100 "addresses" (list (printf "%s-node" (include "kvern.fullname" .))) "found_after_millis" $alone "work_directory" "/var/lib/kvern" -}}
{{- $own := dict "cluster_id" (include "kvern.clusterId" .) "listen" $listen "coordinator" (include "kvern.members" .) "ignite" $ignite
    "memory" (dict "region_bytes" (include "kvern.bytes" $node.region | int64)) "backups" ($node.backups | int)
    "shutdown" (dict "drain_millis" (mul $node.drainSeconds 1000)) -}}
{{- include "kvern.config" (list . $own $node.config) -}}
{{- end -}}

{{- /* Bytes of a container. Page tables, eight bytes for each 4 KiB of the region, count as its own. */ -}}
{{- define "kvern.nodeMemory" -}}
{{- $node := .Values.node -}}
{{- $region := include "kvern.bytes" $node.region | int64 -}}
{{- add $region (div $region 512) (include "kvern.bytes" $node.heap) (include "kvern.bytes" $node.direct) (include "kvern.bytes" $node.overhead) -}}
{{- end -}}

{{- define "kvern.checkNodes" -}}
{{- $node := .Values.node -}}
{{- $least := add1 $node.backups -}}
{{- include "kvern.reserved" (list $node.config "node.config" (dict
    "id" "it is the pod's name" "advertise_host" "it is the pod's address" "zone" "see node.zones" "coordinator" "it is the chart's own"
    "cluster_id" "it is the release's" "listen.grpc_port" "it is always 7410" "listen.unix_socket" "pods do not share sockets" "ignite.discovery_port" "it is always 47500"
    "ignite.communication_port" "it is always 47100" "ignite.addresses" "it is the chart's own" "ignite.work_directory" "it is the chart's own"
    "memory.region_bytes" "set node.region" "backups" "set node.backups" "shutdown.drain_millis" "set node.drainSeconds"
    "telemetry" "set telemetry")) -}}
{{- if $node.autoscaling.enabled -}}
{{- if lt ($node.autoscaling.minReplicas | int64) $least -}}
{{- fail (printf "node.autoscaling.minReplicas: %v (expected: at least %d, which is node.backups + 1)" $node.autoscaling.minReplicas $least) -}}
{{- end -}}
{{- if lt ($node.autoscaling.maxReplicas | int64) ($node.autoscaling.minReplicas | int64) -}}
{{- fail (printf "node.autoscaling.maxReplicas: %v (expected: at least minReplicas, %v)" $node.autoscaling.maxReplicas $node.autoscaling.minReplicas) -}}
{{- end -}}
{{- else if lt ($node.replicas | int64) $least -}}
{{- fail (printf "node.replicas: %v (expected: at least %d, which is node.backups + 1)" $node.replicas $least) -}}
{{- end -}}
{{- if and $node.podDisruptionBudget.enabled (gt ($node.podDisruptionBudget.maxUnavailable | int64) (max 1 $node.backups)) -}}
{{- fail (printf "node.podDisruptionBudget.maxUnavailable: %v (expected: at most node.backups, %v, and 1 with 0)" $node.podDisruptionBudget.maxUnavailable $node.backups) -}}
{{- end -}}
{{- if ne (len $node.zones) (len (uniq $node.zones)) -}}
{{- fail (printf "node.zones: %v (expected: each once)" $node.zones) -}}
{{- end -}}
{{- range $node.updateZones -}}
{{- if not (has . $node.zones) -}}
{{- fail (printf "node.updateZones: %s (expected: some of node.zones, %v)" . $node.zones) -}}
{{- end -}}
{{- end -}}
{{- if and $node.zones (not $node.autoscaling.enabled) (lt ($node.replicas | int64) (len $node.zones | int64)) -}}
{{- fail (printf "node.replicas: %v (expected: at least one for each of node.zones, %v)" $node.replicas $node.zones) -}}
{{- end -}}
{{- $rate := dig "rebalance" "bytes_per_second" 104857600 $node.config | int64 -}}
{{- $takes := add1 (div (include "kvern.bytes" $node.region | int64) $rate) -}}
{{- if and (gt ($node.drainSeconds | int64) 0) (lt ($node.drainSeconds | int64) $takes) -}}
{{- fail (printf "node.drainSeconds: %v (expected: 0, or at least %d, in which node.region, %s, is moved with rebalance.bytes_per_second %d)" $node.drainSeconds $takes $node.region $rate) -}}
{{- end -}}
{{- end -}}
