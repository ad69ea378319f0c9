namespace RaftLog.Architecture.Tests;

/// <summary>Rules over the hand-written sources.</summary>
public sealed class SourceTests
{
    [Fact]
    public void No_source_file_is_too_long() => RoomTests.AssertNone(SourceRules.TooLong(Sources()));

    [Fact]
    public void No_type_is_spread_over_several_files() => RoomTests.AssertNone(SourceRules.Scattered(Sources()));

    [Fact]
    public void Schemas_bear_the_numbers_of_their_apis() =>
        RoomTests.AssertNone(SourceRules.Misnumbered(Repository.SourcesBelow("src", "RaftLog.Protocol", "Schemas", "Rpc")));

    [Fact]
    public void Handlers_lie_in_files_with_the_numbers_of_their_apis() =>
        RoomTests.AssertNone(
            SourceRules.Unnumbered(Sources().Where(source => source.File.StartsWith("src/RaftLog.Broker/", StringComparison.Ordinal)))
        );

    /// <summary>Tests steer the simulated world as they like.</summary>
    [Fact]
    public void No_callback_of_a_product_is_set_after_its_object_was_made() =>
        RoomTests.AssertNone(
            SourceRules.SetLater(
                Sources()
                    .Where(source =>
                        !source.File.StartsWith("src/RaftLog.Simulation/", StringComparison.Ordinal)
                        && !source.File.StartsWith("src/RaftLog.Platform/InMemory/", StringComparison.Ordinal)
                    )
            )
        );

    private static IEnumerable<(string File, string Text)> Sources() =>
        Repository
            .SourcesBelow("src")
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .Select(file => (file, File.ReadAllText(Repository.At(file))));
}
