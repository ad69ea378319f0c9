using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace RaftLog.Protocol.Generator;

/// <summary>Turns every <c>*.schema</c> file into a message class, and all of them together into tables.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class MessageGenerator : IIncrementalGenerator
{
    private static readonly DiagnosticDescriptor InvalidSchema = new(
        "RLS001",
        "A message schema is wrong",
        "{0}",
        "RaftLog.Schemas",
        DiagnosticSeverity.Error,
        isEnabledByDefault: true
    );

    /// <inheritdoc />
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<SchemaFile> files = context
            .AdditionalTextsProvider.Where(static file => file.Path.EndsWith(".schema", StringComparison.Ordinal))
            .Select(static (file, cancel) => new SchemaFile(file.Path, file.GetText(cancel)?.ToString() ?? ""));
        context.RegisterSourceOutput(files, EmitMessage);

        IncrementalValueProvider<ImmutableArray<SchemaHead>> heads = files
            .Select(static (file, _) => new SchemaHead(file.Path, SchemaParser.ParseHead(file.Text)))
            .Where(static found => found.Head is not null)
            .Collect();
        context.RegisterSourceOutput(heads, EmitCatalogs);
    }

    private static void EmitMessage(SourceProductionContext context, SchemaFile file)
    {
        MessageSchema? schema = SchemaParser.Parse(file.Text, out IReadOnlyList<SchemaError> errors);
        foreach (SchemaError error in errors)
        {
            context.ReportDiagnostic(Diagnostic.Create(InvalidSchema, LineOf(file, error.Line), error.Message));
        }

        if (schema is not null)
        {
            context.AddSource($"{schema.Head.ClassName}.g.cs", SourceText.From(MessageEmitter.Emit(schema), Encoding.UTF8));
        }
    }

    private static void EmitCatalogs(SourceProductionContext context, ImmutableArray<SchemaHead> found)
    {
        List<SchemaHead> complete = new();
        Dictionary<string, MessageHead> responses = found
            .Where(f => f.Head!.Kind == MessageKind.Response)
            .GroupBy(f => f.Head!.BaseName)
            .ToDictionary(g => g.Key, g => g.First().Head!);
        foreach (SchemaHead each in found)
        {
            string? mistake = Mistake(each, found, responses);
            if (mistake is null)
            {
                complete.Add(each);
            }
            else
            {
                Location head = Location.Create(each.Path, default, default);
                context.ReportDiagnostic(Diagnostic.Create(InvalidSchema, head, mistake));
            }
        }

        IEnumerable<MessageHead> heads = complete.Select(f => f.Head!);
        context.AddSource("ApiCatalog.g.cs", SourceText.From(CatalogEmitter.Apis(heads), Encoding.UTF8));
        context.AddSource("MetadataRecordCatalog.g.cs", SourceText.From(CatalogEmitter.MetadataRecords(heads), Encoding.UTF8));
    }

    private static string? Mistake(SchemaHead each, ImmutableArray<SchemaHead> all, Dictionary<string, MessageHead> responses)
    {
        MessageHead head = each.Head!;
        SchemaHead first = all.First(o =>
            o.Head!.ClassName == head.ClassName || (o.Head.Kind == head.Kind && head.Key >= 0 && o.Head.Key == head.Key)
        );
        if (first != each)
        {
            return $"{head.ClassName} has the name or the key of {first.Path}";
        }

        if (head.Kind != MessageKind.Request)
        {
            return null;
        }

        if (!responses.TryGetValue(head.BaseName, out MessageHead response))
        {
            return $"request {head.BaseName} has no response schema";
        }

        return head with { Kind = MessageKind.Response, IsReused = response.IsReused } == response
            ? null
            : $"request and response {head.BaseName} differ in key, versions or first flexible version";
    }

    private static Location LineOf(SchemaFile file, int line)
    {
        TextLineCollection lines = SourceText.From(file.Text).Lines;
        TextSpan span = line < lines.Count ? lines[line].Span : default;
        return Location.Create(file.Path, span, new LinePositionSpan(new LinePosition(line, 0), new LinePosition(line, span.Length)));
    }

    /// <summary>A file and its text; equal texts need no work again.</summary>
    private sealed record SchemaFile(string Path, string Text);

    /// <summary>A file and what the tables need of it.</summary>
    private sealed record SchemaHead(string Path, MessageHead? Head);
}
