namespace RaftLog.Interop.Tests.Tools;

/// <summary>
/// A fact that needs a tool. Where it is absent the test is skipped and says so; under <c>CI=true</c> it runs, and fails.
/// </summary>
public abstract class ToolFactAttribute : FactAttribute
{
    private protected ToolFactAttribute(string? missing)
    {
        if (missing is not null && !Repository.IsContinuousIntegration)
        {
            Skip = missing;
        }
    }
}

/// <summary>Needs kcat.</summary>
public sealed class KcatFactAttribute() : ToolFactAttribute(Kcat.Missing);

/// <summary>Needs node and kafkajs.</summary>
public sealed class KafkaJsFactAttribute() : ToolFactAttribute(KafkaJs.Missing);

/// <summary>Needs node and kafkajs, and Apache Kafka beside them.</summary>
public sealed class KafkaJsWithKafkaFactAttribute() : ToolFactAttribute(KafkaJs.Missing ?? KafkaTools.Missing);

/// <summary>Needs Python and its clients.</summary>
public sealed class PythonFactAttribute() : ToolFactAttribute(PythonClients.Missing);

/// <summary>Needs the Python clients of Debian.</summary>
public sealed class DebianPythonFactAttribute() : ToolFactAttribute(DebianPython.Missing);

/// <summary>Needs Python and its clients, for each row of data.</summary>
public sealed class PythonTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips where they are absent.</summary>
    public PythonTheoryAttribute()
    {
        if (PythonClients.Missing is { } missing && !Repository.IsContinuousIntegration)
        {
            Skip = missing;
        }
    }
}

/// <summary>Needs Kafka's tools and a Java runtime.</summary>
public sealed class KafkaToolsFactAttribute() : ToolFactAttribute(KafkaTools.Missing);

/// <summary>Needs Kafka's tools and a Java runtime, for each row of data.</summary>
public sealed class KafkaToolsTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips where they are absent.</summary>
    public KafkaToolsTheoryAttribute()
    {
        if (KafkaTools.Missing is { } missing && !Repository.IsContinuousIntegration)
        {
            Skip = missing;
        }
    }
}

/// <summary>Needs the right to mount a file system.</summary>
public sealed class MountFactAttribute() : ToolFactAttribute(SmallDisk.Missing);
