namespace RaftLog.Replication.Tests;

/// <summary>Whole runs of one partition's replicas, step by step, as texts in <c>Transcripts/</c>.</summary>
public sealed class TranscriptTests
{
    private const string Project = "RaftLog.Replication.Tests";

    public static TheoryData<string> Names => Transcript.NamesIn(Project);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_partition_does_what_its_transcript_says(string name) => Transcript.Check(Project, name, new PartitionScript());
}
