namespace RaftLog.Jepsen.Processes;

/// <summary>Apache Kafka's nodes, from a folder with its libraries.</summary>
internal sealed class KafkaSystem(string folder) : ISystemUnderTest
{
    public string Name => "Apache Kafka";

    public TimeSpan StartLimit => TimeSpan.FromSeconds(120);

    public bool MakesChangesOnce => false;

    public IReadOnlyList<KeyValuePair<string, string>> Settings => [new("offsets.topic.replication.factor", "3")];

    public IReadOnlyList<KeyValuePair<string, string>> Environment => [];

    private string ClassPath => Path.Combine(folder, "libs", "*");

    public IReadOnlyList<string> FormatCommand(string propertiesFile, string clusterId) =>
        [
            "java",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            ClassPath,
            "kafka.tools.StorageTool",
            "format",
            "-t",
            clusterId,
            "-c",
            propertiesFile,
        ];

    public IReadOnlyList<string> StartCommand(string propertiesFile) =>
        ["java", "-Xms256m", "-Xmx512m", "-XX:+UseG1GC", "-Djava.awt.headless=true", "-cp", ClassPath, "kafka.Kafka", propertiesFile];

    public string? Alarm(string line) => line.Contains("OutOfMemoryError", StringComparison.Ordinal) ? line : null;
}
