"""What the simulated cluster's types have beyond those of the cluster that their table was made from.

The table comes from Kubernetes 1.20; here stands what later releases have added, renamed or made more precise, from
the API reference of Kubernetes 1.33. The text of a field is told in `trunkline.rehearsal.patches.schema`.
"""

from __future__ import annotations

RENAMED = {
    "batch.v1beta1.": "batch.v1.",
    "policy.v1beta1.": "policy.v1.",
    "discovery.v1beta1.": "discovery.v1.",
    "autoscaling.v2beta2.": "autoscaling.v2.",
}
"""Groups that 1.20 serves as betas only, and that had the same shape when they came of age."""

KINDS = {
    "Scale": "autoscaling.v1.Scale",
    "Eviction": "policy.v1.Eviction",
    "Binding": "core.v1.Binding",
    "SelfSubjectReview": "authentication.v1.SelfSubjectReview",
}
"""Bodies of subresources and newer kinds, by the names of their types."""

REMOVED: dict[str, tuple[str, ...]] = {
    "meta.v1.ObjectMeta": ("clusterName",),
    "core.v1.ServiceSpec": ("topologyKeys",),
    "core.v1.EphemeralVolumeSource": ("readOnly",),
    "discovery.v1.Endpoint": ("topology",),
}
"""Fields that are no more."""

ATOMIC = (
    "core.v1.ConfigMapEnvSource",
    "core.v1.ConfigMapKeySelector",
    "core.v1.EndpointAddress",
    "core.v1.EndpointPort",
    "core.v1.LocalObjectReference",
    "core.v1.NodeSelector",
    "core.v1.NodeSelectorTerm",
    "core.v1.ObjectFieldSelector",
    "core.v1.ObjectReference",
    "core.v1.ResourceFieldSelector",
    "core.v1.ScopeSelector",
    "core.v1.SecretKeySelector",
    "core.v1.SecretReference",
    "core.v1.TopologySelectorTerm",
    "core.v1.TypedLocalObjectReference",
    "discovery.v1.EndpointPort",
    "meta.v1.LabelSelector",
    "meta.v1.OwnerReference",
    "rbac.v1.RoleRef",
    "rbac.v1.Subject",
)
"""Structs that have one owner as a whole."""

PLAIN = {
    "apps.v1.DaemonSetSpec": ("template", "updateStrategy"),
    "apps.v1.DeploymentSpec": ("template", "strategy"),
    "apps.v1.ReplicaSetSpec": ("template",),
    "apps.v1.StatefulSetSpec": ("template", "updateStrategy"),
    "apiextensions.v1.CustomResourceDefinitionSpec": ("names",),
    "apiextensions.v1.CustomResourceDefinitionStatus": ("acceptedNames",),
    "autoscaling.v1.HorizontalPodAutoscalerSpec": ("scaleTargetRef",),
    "autoscaling.v2.HorizontalPodAutoscalerSpec": ("scaleTargetRef",),
    "batch.v1.CronJobSpec": ("jobTemplate",),
    "batch.v1.JobSpec": ("template",),
    "batch.v1.JobTemplateSpec": ("metadata", "spec"),
    "core.v1.Binding": ("target",),
    "core.v1.Event": ("involvedObject", "source"),
    "core.v1.NodeStatus": ("daemonEndpoints", "nodeInfo"),
    "core.v1.NodeDaemonEndpoints": ("kubeletEndpoint",),
    "core.v1.PersistentVolumeClaimSpec": ("resources",),
    "core.v1.PodTemplate": ("template",),
    "core.v1.PodTemplateSpec": ("metadata", "spec"),
    "core.v1.ServiceStatus": ("loadBalancer",),
    "events.v1.Event": ("regarding", "deprecatedSource"),
    "networking.v1.IngressStatus": ("loadBalancer",),
    "networking.v1.NetworkPolicySpec": ("podSelector",),
    "rbac.v1.ClusterRoleBinding": ("roleRef",),
    "rbac.v1.RoleBinding": ("roleRef",),
}
"""Fields that a new object of the type has from the start, empty as they are, because no pointer leads to them."""

FIELDS: dict[str, dict[str, str]] = {
    "meta.v1.ObjectMeta": {"creationTimestamp": "time required"},
    "core.v1.Event": {"eventTime": "microtime required"},
    "meta.v1.ManagedFieldsEntry": {"subresource": "string"},
    "meta.v1.Condition": {
        "type": "string required",
        "status": "string required",
        "observedGeneration": "int64",
        "lastTransitionTime": "time required",
        "reason": "string required",
        "message": "string required",
    },
    "core.v1.PodSpec": {
        "hostUsers": "boolean",
        "hostnameOverride": "string",
        "nodeSelector": "{string} atomic",
        "os": "core.v1.PodOS",
        "resourceClaims": "[core.v1.PodResourceClaim] keys=name merge=name retain",
        "resources": "core.v1.ResourceRequirements",
        "schedulingGates": "[core.v1.PodSchedulingGate] keys=name merge=name",
    },
    "core.v1.PodOS": {"name": "string required"},
    "core.v1.PodResourceClaim": {
        "name": "string required",
        "resourceClaimName": "string",
        "resourceClaimTemplateName": "string",
    },
    "core.v1.PodSchedulingGate": {"name": "string required"},
    "core.v1.Container": {
        "resizePolicy": "[core.v1.ContainerResizePolicy]",
        "restartPolicy": "string",
    },
    "core.v1.EphemeralContainer": {
        "ports": "[core.v1.ContainerPort] keys=containerPort,protocol merge=containerPort",
        "resizePolicy": "[core.v1.ContainerResizePolicy]",
        "restartPolicy": "string",
    },
    "core.v1.ContainerResizePolicy": {
        "resourceName": "string required",
        "restartPolicy": "string required",
    },
    "core.v1.ContainerPort": {"protocol": "string default=TCP"},
    "core.v1.ServicePort": {"protocol": "string default=TCP"},
    "core.v1.GRPCAction": {"port": "int32 required", "service": "string"},
    "core.v1.SleepAction": {"seconds": "int64 required"},
    "core.v1.Probe": {"grpc": "core.v1.GRPCAction", "terminationGracePeriodSeconds": "int64"},
    "core.v1.LifecycleHandler": {"sleep": "core.v1.SleepAction"},
    "core.v1.Lifecycle": {
        "postStart": "core.v1.LifecycleHandler",
        "preStop": "core.v1.LifecycleHandler",
        "stopSignal": "string",
    },
    "core.v1.TopologySpreadConstraint": {
        "matchLabelKeys": "[string]",
        "minDomains": "int32",
        "nodeAffinityPolicy": "string",
        "nodeTaintsPolicy": "string",
    },
    "core.v1.PodAffinityTerm": {
        "matchLabelKeys": "[string]",
        "mismatchLabelKeys": "[string]",
        "namespaceSelector": "meta.v1.LabelSelector",
    },
    "core.v1.AppArmorProfile": {"type": "string required", "localhostProfile": "string"},
    "core.v1.SecurityContext": {"appArmorProfile": "core.v1.AppArmorProfile"},
    "core.v1.PodSecurityContext": {
        "appArmorProfile": "core.v1.AppArmorProfile",
        "seLinuxChangePolicy": "string",
        "supplementalGroupsPolicy": "string",
    },
    "core.v1.WindowsSecurityContextOptions": {"hostProcess": "boolean"},
    "core.v1.ResourceClaim": {"name": "string required", "request": "string"},
    "core.v1.ResourceRequirements": {"claims": "[core.v1.ResourceClaim] keys=name"},
    "core.v1.VolumeMount": {"recursiveReadOnly": "string"},
    "core.v1.ImageVolumeSource": {"pullPolicy": "string", "reference": "string"},
    "core.v1.Volume": {"image": "core.v1.ImageVolumeSource"},
    "core.v1.ClusterTrustBundleProjection": {
        "labelSelector": "meta.v1.LabelSelector",
        "name": "string",
        "optional": "boolean",
        "path": "string required",
        "signerName": "string",
    },
    "core.v1.VolumeProjection": {"clusterTrustBundle": "core.v1.ClusterTrustBundleProjection"},
    "core.v1.TypedObjectReference": {
        "apiGroup": "string",
        "kind": "string required",
        "name": "string required",
        "namespace": "string",
    },
    "core.v1.VolumeResourceRequirements": {"limits": "{quantity}", "requests": "{quantity}"},
    "core.v1.PersistentVolumeClaimSpec": {
        "dataSourceRef": "core.v1.TypedObjectReference",
        "resources": "core.v1.VolumeResourceRequirements plain",
        "volumeAttributesClassName": "string",
    },
    "core.v1.PersistentVolumeSpec": {
        "claimRef": "core.v1.ObjectReference granular",
        "volumeAttributesClassName": "string",
    },
    "core.v1.ModifyVolumeStatus": {
        "status": "string required",
        "targetVolumeAttributesClassName": "string",
    },
    "core.v1.PersistentVolumeClaimStatus": {
        "allocatedResourceStatuses": "{string}",
        "allocatedResources": "{quantity}",
        "currentVolumeAttributesClassName": "string",
        "modifyVolumeStatus": "core.v1.ModifyVolumeStatus",
    },
    "core.v1.HostIP": {"ip": "string required"},
    "core.v1.PodResourceClaimStatus": {"name": "string required", "resourceClaimName": "string"},
    "core.v1.PodStatus": {
        "hostIPs": "[core.v1.HostIP] merge=ip",
        "observedGeneration": "int64",
        "resize": "string",
        "resourceClaimStatuses": "[core.v1.PodResourceClaimStatus] keys=name merge=name retain",
    },
    "core.v1.PodCondition": {"observedGeneration": "int64"},
    "core.v1.VolumeMountStatus": {
        "mountPath": "string required",
        "name": "string required",
        "readOnly": "boolean",
        "recursiveReadOnly": "string",
    },
    "core.v1.LinuxContainerUser": {
        "gid": "int64 required",
        "supplementalGroups": "[int64]",
        "uid": "int64 required",
    },
    "core.v1.ContainerUser": {"linux": "core.v1.LinuxContainerUser"},
    "core.v1.ContainerStatus": {
        "allocatedResources": "{quantity}",
        "resources": "core.v1.ResourceRequirements",
        "stopSignal": "string",
        "user": "core.v1.ContainerUser",
        "volumeMounts": "[core.v1.VolumeMountStatus] keys=mountPath merge=mountPath",
    },
    "core.v1.ServiceSpec": {
        "internalTrafficPolicy": "string",
        "loadBalancerClass": "string",
        "selector": "{string} atomic",
        "trafficDistribution": "string",
    },
    "core.v1.ReplicationControllerSpec": {"selector": "{string} atomic"},
    "core.v1.ResourceQuotaSpec": {"scopes": "[string]"},
    "core.v1.LoadBalancerIngress": {"ipMode": "string"},
    "core.v1.NodeRuntimeHandler": {
        "features": "core.v1.NodeRuntimeHandlerFeatures",
        "name": "string",
    },
    "core.v1.NodeRuntimeHandlerFeatures": {
        "recursiveReadOnlyMounts": "boolean",
        "userNamespaces": "boolean",
    },
    "core.v1.NodeFeatures": {"supplementalGroupsPolicy": "boolean"},
    "core.v1.NodeStatus": {
        "features": "core.v1.NodeFeatures",
        "runtimeHandlers": "[core.v1.NodeRuntimeHandler]",
    },
    "apps.v1.DeploymentStatus": {"terminatingReplicas": "int32"},
    "apps.v1.ReplicaSetStatus": {"terminatingReplicas": "int32"},
    "apps.v1.RollingUpdateDaemonSet": {"maxSurge": "int-or-string"},
    "apps.v1.RollingUpdateStatefulSetStrategy": {"maxUnavailable": "int-or-string"},
    "apps.v1.StatefulSetOrdinals": {"start": "int32"},
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {
        "whenDeleted": "string",
        "whenScaled": "string",
    },
    "apps.v1.StatefulSetSpec": {
        "minReadySeconds": "int32",
        "ordinals": "apps.v1.StatefulSetOrdinals",
        "persistentVolumeClaimRetentionPolicy": "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
    },
    "apps.v1.StatefulSetStatus": {"availableReplicas": "int32"},
    "batch.v1.PodFailurePolicyOnExitCodesRequirement": {
        "containerName": "string",
        "operator": "string required",
        "values": "[int32] required set",
    },
    "batch.v1.PodFailurePolicyOnPodConditionsPattern": {
        "status": "string required",
        "type": "string required",
    },
    "batch.v1.PodFailurePolicyRule": {
        "action": "string required",
        "onExitCodes": "batch.v1.PodFailurePolicyOnExitCodesRequirement",
        "onPodConditions": "[batch.v1.PodFailurePolicyOnPodConditionsPattern]",
    },
    "batch.v1.PodFailurePolicy": {"rules": "[batch.v1.PodFailurePolicyRule] required"},
    "batch.v1.SuccessPolicyRule": {"succeededCount": "int32", "succeededIndexes": "string"},
    "batch.v1.SuccessPolicy": {"rules": "[batch.v1.SuccessPolicyRule] required"},
    "batch.v1.JobSpec": {
        "backoffLimitPerIndex": "int32",
        "completionMode": "string",
        "managedBy": "string",
        "maxFailedIndexes": "int32",
        "podFailurePolicy": "batch.v1.PodFailurePolicy",
        "podReplacementPolicy": "string",
        "successPolicy": "batch.v1.SuccessPolicy",
        "suspend": "boolean",
    },
    "batch.v1.UncountedTerminatedPods": {"failed": "[string] set", "succeeded": "[string] set"},
    "batch.v1.JobStatus": {
        "completedIndexes": "string",
        "conditions": "[batch.v1.JobCondition] merge=type",
        "failedIndexes": "string",
        "ready": "int32",
        "terminating": "int32",
        "uncountedTerminatedPods": "batch.v1.UncountedTerminatedPods",
    },
    "batch.v1.CronJobSpec": {"timeZone": "string"},
    "batch.v1.CronJobStatus": {"lastSuccessfulTime": "time"},
    "autoscaling.v2.ContainerResourceMetricSource": {
        "container": "string required",
        "name": "string required",
        "target": "autoscaling.v2.MetricTarget required",
    },
    "autoscaling.v2.ContainerResourceMetricStatus": {
        "container": "string required",
        "current": "autoscaling.v2.MetricValueStatus required",
        "name": "string required",
    },
    "autoscaling.v2.MetricSpec": {"containerResource": "autoscaling.v2.ContainerResourceMetricSource"},
    "autoscaling.v2.MetricStatus": {"containerResource": "autoscaling.v2.ContainerResourceMetricStatus"},
    "autoscaling.v2.HPAScalingRules": {"tolerance": "quantity"},
    "autoscaling.v2.HorizontalPodAutoscalerStatus": {
        "conditions": "[autoscaling.v2.HorizontalPodAutoscalerCondition] keys=type merge=type"
    },
    "policy.v1.PodDisruptionBudgetSpec": {
        "selector": "meta.v1.LabelSelector replace",
        "unhealthyPodEvictionPolicy": "string",
    },
    "policy.v1.PodDisruptionBudgetStatus": {"conditions": "[meta.v1.Condition] keys=type merge=type"},
    "discovery.v1.ForZone": {"name": "string required"},
    "discovery.v1.ForNode": {"name": "string required"},
    "discovery.v1.EndpointHints": {
        "forNodes": "[discovery.v1.ForNode]",
        "forZones": "[discovery.v1.ForZone]",
    },
    "discovery.v1.Endpoint": {
        "deprecatedTopology": "{string}",
        "hints": "discovery.v1.EndpointHints",
        "zone": "string",
    },
    "networking.v1.NetworkPolicyPort": {"endPort": "int32"},
    "networking.v1.IngressClassParametersReference": {
        "apiGroup": "string",
        "kind": "string required",
        "name": "string required",
        "namespace": "string",
        "scope": "string",
    },
    "networking.v1.IngressClassSpec": {"parameters": "networking.v1.IngressClassParametersReference"},
    "coordination.v1.LeaseSpec": {"preferredHolder": "string", "strategy": "string"},
    "apiextensions.v1.ValidationRule": {
        "fieldPath": "string",
        "message": "string",
        "messageExpression": "string",
        "optionalOldSelf": "boolean",
        "reason": "string",
        "rule": "string required",
    },
    "apiextensions.v1.JSONSchemaProps": {
        "x-kubernetes-validations": "[apiextensions.v1.ValidationRule] keys=rule merge=rule"
    },
    "apiextensions.v1.SelectableField": {"jsonPath": "string required"},
    "apiextensions.v1.CustomResourceDefinitionVersion": {
        "selectableFields": "[apiextensions.v1.SelectableField]"
    },
    "admissionregistration.v1.MatchCondition": {
        "expression": "string required",
        "name": "string required",
    },
    "admissionregistration.v1.ValidatingWebhook": {
        "matchConditions": "[admissionregistration.v1.MatchCondition] keys=name merge=name"
    },
    "admissionregistration.v1.MutatingWebhook": {
        "matchConditions": "[admissionregistration.v1.MatchCondition] keys=name merge=name"
    },
    "authentication.v1.SelfSubjectReviewStatus": {"userInfo": "authentication.v1.UserInfo"},
    "authentication.v1.SelfSubjectReview": {
        "apiVersion": "string",
        "kind": "string",
        "metadata": "meta.v1.ObjectMeta plain",
        "status": "authentication.v1.SelfSubjectReviewStatus plain",
    },
    "authorization.v1.FieldSelectorAttributes": {
        "rawSelector": "string",
        "requirements": "[any]",
    },
    "authorization.v1.LabelSelectorAttributes": {
        "rawSelector": "string",
        "requirements": "[any]",
    },
    "authorization.v1.ResourceAttributes": {
        "fieldSelector": "authorization.v1.FieldSelectorAttributes",
        "labelSelector": "authorization.v1.LabelSelectorAttributes",
    },
}
"""Fields and types that came later, or are told more precisely."""
