namespace RaftLog.Broker.Cluster;

/// <summary>
/// What a client may do, as bit fields over Kafka's operation numbers (KIP-430). There is no authoriser, so each holds every operation that
/// its kind of resource knows.
/// </summary>
internal static class AllowedOperations
{
    private const int Read = 1 << 3;
    private const int Write = 1 << 4;
    private const int Create = 1 << 5;
    private const int Delete = 1 << 6;
    private const int Alter = 1 << 7;
    private const int Describe = 1 << 8;
    private const int ClusterAction = 1 << 9;
    private const int DescribeConfigs = 1 << 10;
    private const int AlterConfigs = 1 << 11;
    private const int IdempotentWrite = 1 << 12;

    /// <summary>Everything that can be done with a topic.</summary>
    public const int OnTopic = Read | Write | Create | Delete | Alter | Describe | DescribeConfigs | AlterConfigs;

    /// <summary>Everything that can be done with a group.</summary>
    public const int OnGroup = Read | Delete | Describe | DescribeConfigs | AlterConfigs;

    /// <summary>Everything that can be done with the cluster.</summary>
    public const int OnCluster = Create | Alter | Describe | ClusterAction | DescribeConfigs | AlterConfigs | IdempotentWrite;
}
