namespace RaftLog.Differential.Tests.Peers;

/// <summary>
/// A fact that needs a node of Apache Kafka. Where it cannot run the test is skipped and says so; under <c>CI=true</c> it fails.
/// </summary>
public sealed class KafkaFactAttribute : FactAttribute
{
    /// <summary>Skips where Kafka is absent.</summary>
    public KafkaFactAttribute()
    {
        if (Missing is not null && !Repository.IsContinuousIntegration)
        {
            Skip = Missing;
        }
    }

    /// <summary>Why Kafka cannot run; null where it can.</summary>
    public static string? Missing { get; } =
        TestKit.Peers.Missing ?? (Repository.OnPath("java") is null ? "skipped: no java on PATH (Debian: openjdk-17-jre-headless)" : null);
}

/// <summary>Tests with cases that need Apache Kafka.</summary>
public sealed class KafkaTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips where Kafka is absent.</summary>
    public KafkaTheoryAttribute()
    {
        if (KafkaFactAttribute.Missing is not null && !Repository.IsContinuousIntegration)
        {
            Skip = KafkaFactAttribute.Missing;
        }
    }
}
