namespace RaftLog.Differential.Tests.Peers;

/// <summary>A theory that needs a node of Apache Kafka. Where it cannot run the test is skipped and says so; under <c>CI=true</c> it fails.</summary>
public sealed class KafkaTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips where Kafka is absent.</summary>
    public KafkaTheoryAttribute()
    {
        if (KafkaFactAttribute.Missing is { } missing && !Repository.IsContinuousIntegration)
        {
            Skip = missing;
        }
    }
}
