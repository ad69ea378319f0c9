namespace RaftLog.Checking;

/// <summary>Finds a few kinds of anomalies.</summary>
internal interface IDetector
{
    /// <summary>Adds what it finds.</summary>
    void Run(Evidence evidence, AnomalyList found);
}
