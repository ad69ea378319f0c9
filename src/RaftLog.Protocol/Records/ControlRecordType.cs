namespace RaftLog.Protocol.Records;

/// <summary>The kinds of control records (KIP-98, KIP-595, KIP-630, KIP-853). Readers skip kinds that they do not know.</summary>
public enum ControlRecordType : short
{
    Abort = 0,
    Commit = 1,
    LeaderChange = 2,
    SnapshotHeader = 3,
    SnapshotFooter = 4,
    KRaftVersion = 5,
    KRaftVoters = 6,
}
