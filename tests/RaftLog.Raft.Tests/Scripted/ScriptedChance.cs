namespace RaftLog.Raft.Tests;

/// <summary>Chance as the transcript wants it: always the same part of the range, in percent.</summary>
internal sealed class ScriptedChance(int percent) : IElectionRandom
{
    public int Percent { get; set; } = percent;

    public int Next(int minimum, int limit) => limit <= minimum ? minimum : minimum + (int)((long)(limit - minimum) * Percent / 100);
}
