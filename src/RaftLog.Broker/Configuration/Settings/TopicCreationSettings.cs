namespace RaftLog.Broker.Configuration;

/// <summary>What becomes of topics that are created without saying everything.</summary>
/// <param name="AutoCreate"><c>auto.create.topics.enable</c>: asking for a topic creates it.</param>
/// <param name="Deletable"><c>delete.topic.enable</c>: topics may be deleted.</param>
/// <param name="Partitions"><c>num.partitions</c>: partitions where none are given.</param>
/// <param name="ReplicationFactor"><c>default.replication.factor</c>: replicas where none are given.</param>
public sealed record TopicCreationSettings(bool AutoCreate, bool Deletable, int Partitions, int ReplicationFactor)
{
    internal static TopicCreationSettings Read(SettingsReader settings) =>
        new(
            settings.Boolean("auto.create.topics.enable"),
            settings.Boolean("delete.topic.enable"),
            settings.Int("num.partitions"),
            settings.Int("default.replication.factor")
        );
}
