namespace RaftLog.Checking;

/// <summary>What readers and those who watch processes have found wrong by themselves (A38, A40).</summary>
internal sealed class ReportedCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (string corrupt in evidence.History.CorruptReads)
        {
            found.Add(AnomalyKind.CorruptRecord, corrupt);
        }

        foreach (string exit in evidence.History.UnexpectedExits)
        {
            found.Add(AnomalyKind.UnexpectedExit, exit);
        }
    }
}
