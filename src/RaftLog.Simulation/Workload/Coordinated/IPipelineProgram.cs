namespace RaftLog.Simulation;

/// <summary>A program that makes one record from each record of some partitions, in transactions with how far it has read.</summary>
internal interface IPipelineProgram
{
    /// <summary>What it did with transactions.</summary>
    TransactionLog Log { get; }

    /// <summary>What it did in its group.</summary>
    GroupLog Group { get; }

    /// <summary>True when it does nothing more.</summary>
    bool IsDone { get; }

    /// <summary>Leaves the group soon.</summary>
    void Stop();

    /// <summary>Works until it is stopped.</summary>
    Task RunAsync();
}
