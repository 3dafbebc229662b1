/* SPDX-License-Identifier: MIT */
/* On which continent a country lies, by ISO 3166-1 and the two letters that GeoNames gives continents. Pure. */
#ifndef TONEARM_STORAGE_CONTINENT_H
#define TONEARM_STORAGE_CONTINENT_H

/* "AF", "AN", "AS", "EU", "NA", "OC" or "SA" for two capital letters; "" for no country that is known. Static. */
const char *continent_of(const char *country);

#endif
