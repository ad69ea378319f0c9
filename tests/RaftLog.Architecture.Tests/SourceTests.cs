namespace RaftLog.Architecture.Tests;

/// <summary>Rules over the hand-written sources.</summary>
public sealed class SourceTests
{
    [Fact]
    public void No_source_file_is_too_long() => RoomTests.AssertNone(SourceRules.TooLong(Sources()));

    [Fact]
    public void No_type_is_spread_over_several_files() => RoomTests.AssertNone(SourceRules.Scattered(Sources()));

    [Fact]
    public void Files_named_by_an_api_bear_its_number()
    {
        IEnumerable<string> files = Repository.SourcesBelow("src", "RaftLog.Protocol", "Schemas", "Rpc")
            .Concat(Repository.SourcesBelow("src", "RaftLog.Broker"))
            .Concat(Repository.SourcesBelow("tests", "RaftLog.Broker.Tests"));
        RoomTests.AssertNone(SourceRules.Misnumbered(files));
    }

    [Fact]
    public void Every_handler_lies_in_a_file_named_by_its_api() =>
        RoomTests.AssertNone(SourceRules.Unnumbered(Repository.SourcesBelow("src", "RaftLog.Broker")));

    private static IEnumerable<(string File, string Text)> Sources() =>
        Repository.SourcesBelow("src").Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .Select(file => (file, File.ReadAllText(Repository.At(file))));
}
