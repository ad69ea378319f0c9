namespace RaftLog.Simulation;

/// <summary>A bug that the build configuration SeededBugs can switch on.</summary>
/// <param name="Name">What it is called on the command line: M and its number.</param>
/// <param name="Number">Its number in the code.</param>
/// <param name="What">What it does wrong, in a few words.</param>
/// <param name="Equivalent">Why nothing that is promised can tell it from the code without it; null where something must.</param>
public sealed record KnownBug(string Name, int Number, string What, string? Equivalent = null)
{
    /// <summary>No bug: the same budget must pass.</summary>
    public static readonly KnownBug None = new("none", 0, "no bug: everything must hold");

    /// <summary>A bug that every seed must find, so that a broken search is noticed.</summary>
    public static readonly KnownBug Canary = new("canary", -1, "the high watermark is the leader's log end: every run must fail");

    /// <summary>All bugs, by number.</summary>
    public static IReadOnlyList<KnownBug> All { get; } =
    [
        M(1, "a record is acknowledged when its leader has it on disk, before its followers have"),
        M(2, "a follower that diverges truncates its log to its high watermark, not by epoch (KIP-101)"),
        M(3, "a leader counts fetches of another leadership (KIP-320)"),
        M(4, "votes and epochs leave before they are on disk"),
        M(5, "a quorum leader commits an older epoch's records by counting replicas (Raft, figure 8)"),
        M(6, "a leader that restarts leads its epoch again (KAFKA-10527)"),
        M(7, "a sequence that does not follow is accepted"),
        M(8, "a new leader has forgotten the producers of the old one"),
        M(9, "a repeated record is acknowledged while its first copy is not committed"),
        M(10, "a smaller in-sync set counts before the controller has committed it"),
        M(11, "the controller accepts an earlier incarnation into an in-sync set (KIP-903)"),
        M(12, "a flush that failed counts"),
        M(13, "a flush that failed is tried again, and believed"),
        M(14, "directories are not flushed after a log got a new file"),
        M(15, "recovery accepts a batch whose checksum is wrong"),
        M(16, "a marker that is not committed ends a transaction for its readers (KAFKA-5121)"),
        M(17, "a late request to end a transaction ends the next one (KIP-890)"),
        M(18, "a record of a transaction is appended without asking whether the transaction has its partition (KIP-890)"),
        M(19, "the end of a transaction is told before it is committed"),
        M(20, "a member of an earlier generation may commit offsets"),
        M(21, "a commit of offsets is told before it is committed"),
        M(22, "the controller responds before its records are committed"),
        M(23, "a snapshot is installed over the epochs of a log that it does not continue"),
        M(24, "the search for aborted transactions ends with the segment in which it begins"),
        M(25, "a new leader shows all of its log as committed"),
        M(26, "compaction drops a whole batch once the time of its tombstones is over"),
        M(27, "a voter whose disk was lost starts again as if it had never voted"),
        M(29, "the leader's own records count when they are written, before they are flushed"),
        M(30, "a follower fetches, and so claims, what it has not flushed"),
        M(31, "a flush counts up to the log's end when it completes, not when it began"),
        M(32, "a flush counts although the log was truncated since it began"),
        M(33, "after a roll only the newest segment is flushed"),
        M(34, "a truncation leaves the producers' states as they were"),
        M(35, "the high watermark of a response that reports a divergence counts (KAFKA-14704)"),
        M(36, "a truncation at the log's end leaves the epochs above it (KAFKA-10706)"),
        M(37, "the directory of a deleted topic is taken over by its namesake (KAFKA-14616)"),
        M(38, "a controller that was deposed keeps what it decided"),
        M(39, "a metadata snapshot is labelled one offset too low"),
        M(40, "appends of one partition do not exclude each other"),
        M(41, "a broker is fenced when its connection ends, without looking whether it is there"),
        M(42, "responses leave a connection in the order in which they become ready"),
        M(43, "a wake-up between a look and a wait is lost"),
        M(44, "a log that does not show its topic's id is believed"),
        M(45, "the record about a block of producer ids says where the block begins, not where it ends"),
        M(46, "the high watermark moves while too few are in sync (KIP-966)"),
        M(47, "a broker that registers again is unfenced at once, as its earlier incarnation was"),
        M(75, "a replica in sync whose directory is gone begins with an empty log"),
        M(76, "a truncation leaves the snapshots of producers above it"),
        M(77, "a truncation leaves the index of aborted transactions as it was"),
        M(79, "a stop waits for a disk, however long that takes"),
        M(80, "requests come in however little memory there is for them"),
        M(81, "small requests have no memory of their own, so large ones take it from followers"),
        M(82, "a request that its client cuts short keeps its memory"),
        M(83, "the session of a broker lasts four times as long as it says"),
        M(84, "a repeated batch is acknowledged at the place of its producer's newest one"),
        M(85, "who had no response of a controller rests for ten seconds before it asks another"),
        M(86, "the epoch in which a log begins is forgotten when its start moves"),
        M(87, "a controller that no majority fetches from goes on for ever, and accepts heartbeats before its records are committed"),
        M(88, "a new log begins in the directory of one without records that left and could not be renamed yet"),
        M(50, "a response goes on with bytes of a file that was truncated under it"),
        M(
            51,
            "compaction goes up to the log's end, not to what is committed",
            "such a round is given up before it replaces a file, since recovery would not trust its holes"
        ),
        M(52, "compaction takes tombstones at once"),
        M(53, "retention takes segments that are not committed"),
        M(54, "DeleteRecords goes up to the log's end, not to the high watermark"),
        M(57, "compaction puts a segment into the place of others before it is flushed"),
        M(58, "a truncation leaves the time index as it was"),
        M(60, "recovery notes no leader epoch of the batches that it scans"),
        M(61, "what is appended to a list in a configuration takes the place of what was there"),
        M(63, "a new controller gives no session to the brokers that it has not heard of yet"),
        M(64, "a metadata snapshot leaves out the configuration of topics that set more than one key"),
        M(65, "producers are restored from a snapshot above what is to be restored"),
        M(68, "the checkpoint of high watermarks tells the ends of logs"),
        M(70, "a partition that a session's fetch does not name counts as fetched up to the log's end"),
        M(71, "a leader of the quorum that no majority fetches from goes on for ever"),
    ];

    /// <summary>Finds a bug by its name, in any case; null when there is none of that name.</summary>
    public static KnownBug? Find(string name) =>
        new[] { None, Canary }.Concat(All).FirstOrDefault(each => string.Equals(each.Name, name, StringComparison.OrdinalIgnoreCase));

    private static KnownBug M(int number, string what, string? equivalent = null) => new($"M{number}", number, what, equivalent);
}
