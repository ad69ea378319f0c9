namespace RaftLog.Raft.Tests;

/// <summary>Whole runs of a quorum, step by step, as texts in <c>Transcripts/</c>.</summary>
public sealed class TranscriptTests
{
    private const string Project = "RaftLog.Raft.Tests";

    public static TheoryData<string> Names => Transcript.NamesIn(Project);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_quorum_does_what_its_transcript_says(string name) => Transcript.Check(Project, name, new QuorumScript());
}
