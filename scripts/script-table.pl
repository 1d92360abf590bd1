#!/usr/bin/env perl
# Writes src/CharLM.Workbench/Statistics/scripts.txt: the script of every character, from Perl's Unicode data (Scripts.txt).
#   scripts/script-table.pl > src/CharLM.Workbench/Statistics/scripts.txt
use strict;
use warnings;
use Unicode::UCD qw(prop_invmap);

my ($begins, $scripts) = prop_invmap('Script');
print "# Unicode ", Unicode::UCD::UnicodeVersion(), ": first and last character of each range, and its script; by scripts/script-table.pl\n";
for my $i (0 .. $#$begins) {
    my $end = $i < $#$begins ? $begins->[$i + 1] - 1 : 0x10FFFF;
    (my $name = $scripts->[$i]) =~ tr/_/ /;
    printf "%X %X %s\n", $begins->[$i], $end, $name if $name ne 'Unknown';
}
