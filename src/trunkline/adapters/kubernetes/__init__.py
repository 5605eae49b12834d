"""The port `Cluster` over the Kubernetes API: `connect` makes a `KubernetesCluster` from a kubeconfig."""

from trunkline.adapters.kubernetes.cluster import KubernetesCluster, connect

__all__ = ["KubernetesCluster", "connect"]
