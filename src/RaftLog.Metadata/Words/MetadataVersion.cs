using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// A finalised level of <c>metadata.version</c> (KIP-584, KIP-778): what every node of the cluster can read, and so in which version each
/// metadata record is written.
/// </summary>
/// <param name="Level">The feature level: 7 is Kafka's 3.3-IV3, 30 is 4.3-IV0.</param>
public readonly record struct MetadataVersion(short Level) : IComparable<MetadataVersion>
{
    /// <summary>The name of the feature.</summary>
    public const string FeatureName = "metadata.version";

    /// <summary>The oldest level that we can run at.</summary>
    public static readonly MetadataVersion Oldest = new(7);

    /// <summary>The level of a new cluster, the newest that we can run at.</summary>
    public static readonly MetadataVersion Newest = new(30);

    /// <summary>A leader keeps its epoch when the in-sync set only shrinks (3.6-IV0, KAFKA-15021).</summary>
    public bool KeepsLeaderEpochOnShrink => Level >= 12;

    /// <summary>The metadata log may contain transactions (3.6-IV1, KIP-866).</summary>
    public bool HasTransactions => Level >= 13;

    /// <summary>Controllers register (3.7-IV0, KIP-919).</summary>
    public bool RegistersControllers => Level >= 15;

    /// <summary>Brokers and partitions carry the ids of log directories (3.7-IV2, KIP-858).</summary>
    public bool TracksDirectories => Level >= 17;

    /// <summary>Groups may use the consumer protocol (4.0-IV0, KIP-848).</summary>
    public bool HasConsumerGroups => Level >= 22;

    /// <summary>From 4.0-IV2 on a new cluster has transactions V2 (KIP-890): <c>transaction.version</c> 2.</summary>
    public bool HasTransactionsV2 => Level >= 24;

    /// <summary>Partitions carry eligible leader replicas (4.0-IV1, KIP-966).</summary>
    public bool TracksEligibleLeaders => Level >= 23;

    /// <summary>Brokers carry cordoned directories (4.3-IV0, KIP-1066).</summary>
    public bool TracksCordonedDirectories => Level >= 30;

    /// <summary>The version in which a record is written at this level.</summary>
    public short VersionOf(IMetadataRecord record) =>
        record switch
        {
            RegisterBrokerRecord => Level switch
            {
                >= 30 => 4,
                >= 17 => 3,
                >= 8 => 2,
                _ => 1,
            },
            PartitionRecord or PartitionChangeRecord => Level switch
            {
                >= 23 => 2,
                >= 17 => 1,
                _ => 0,
            },
            BrokerRegistrationChangeRecord change => VersionOf(change),
            _ => 0,
        };

    /// <inheritdoc />
    public int CompareTo(MetadataVersion other) => Level.CompareTo(other.Level);

    /// <inheritdoc />
    public override string ToString() => Level.ToString();

    // As Kafka does, the lowest version that can carry what changes, whatever the level.
    private static short VersionOf(BrokerRegistrationChangeRecord change)
    {
        if (change.CordonedLogDirs is not null)
        {
            return 3;
        }

        if (change.LogDirs is { Count: > 0 })
        {
            return 2;
        }

        return change.InControlledShutdown != 0 ? (short)1 : (short)0;
    }
}
