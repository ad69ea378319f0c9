namespace RaftLog.Differential.Tests.Exchange;

/// <summary>Who opens a directory.</summary>
internal enum Software
{
    /// <summary>Apache Kafka.</summary>
    Kafka,

    /// <summary>RaftLog.</summary>
    RaftLog,
}
